import { settings } from './config.ts'

/** Every setting as a Markdown table, for the README. */
export function settingsTable(): string {
  const rows = Object.values(settings).map(({ env, default: value, defaultDoc, doc }) => (
    `| \`${env}\` | ${defaultDoc ?? `\`${String(value)}\``} | ${doc} |`
  ))
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n')
}
