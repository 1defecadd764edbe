/** What the model says, in the pieces in which it says it. */
export const modelPieces = [
  'Tu pedido', ' salió', ' ayer', ' del', ' depósito', ' y', ' llega', ' mañana', ' entre', ' las 9 y las 13 h.',
]

export const modelAnswer = modelPieces.join('')
