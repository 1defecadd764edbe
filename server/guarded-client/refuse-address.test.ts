import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRefusal } from './refuse-address.ts'

const own = [
  '127.0.0.1', '127.255.255.254', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1',
  '100.127.255.255', '::1', 'fc00::1', 'fd12:3456::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.1.2.3', '::127.0.0.1',
]

const never = [
  '0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.0.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '192.31.196.1', '192.175.48.1',
  '168.63.129.16', '100.100.100.200', '::', '::7f00:1', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe',
  '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '2002:7f00:1::', '2002:808:808::1',
  '2001:0:53aa:64c:0:0:0:1', '2001:db8::1', '3fff::1', '2001:10::1', '2001:20::1', '2001:2::1', '100::1', '5f00::1',
  'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', 'fd00:ec2::254', 'fd20:ce::254', '4000::1', 'e000::1',
  '', 'localhost', '1.2.3', '1.2.3.4.5', '8.8.8.8 ', '::g',
]

const open = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '100.128.0.1', '192.167.0.1', '11.0.0.1',
  '2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '::ffff:8.8.8.8']

test('an address of one\'s own networks is refused unless private addresses are allowed', () => {
  for (const address of own) {
    assert.ok(findRefusal(address, false), address)
    assert.equal(findRefusal(address, true), undefined, address)
  }
})

test('metadata, link-local, multicast, reserved and tunnelled addresses are refused in any case', () => {
  for (const address of never) {
    assert.ok(findRefusal(address, false), address)
    assert.ok(findRefusal(address, true), address)
  }
})

test('a public address may be called', () => {
  for (const address of open) assert.equal(findRefusal(address, false), undefined, address)
})
