import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HiloError } from '../errors.ts'
import { assertAllowedUrl, checkUrl } from './check-url.ts'
import { GuardError } from './guard-error.ts'

const hostile = [
  'https://127.0.0.1/', 'https://127.1/', 'https://127.0.1/', 'https://2130706433/', 'https://0x7f000001/', 'https://0x7f.1/',
  'https://0177.0.0.1/', 'https://017700000001/', 'https://0/', 'https://0.0.0.0/', 'https://127.0.0.1.:8443/', 'https://1/',
  'https://①②⑦.⓪.⓪.①/', 'https://１２７．０．０．１/', 'https://127。0。0。1/', 'https://%31%32%37.0.0.1/', 'https://127.0.0.1:443/x',
  'https://[::1]/', 'https://[::]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/', 'https://[64:ff9b::127.0.0.1]/', 'https://[2002:7f00:1::]/', 'https://[fd00:ec2::254]/',
  'https://[fe80::1]/', 'https://[fc00::1]/', 'https://[ff02::1]/', 'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/', 'https://0xa9fea9fe/', 'https://0251.0376.0251.0376/', 'https://10.0.0.1/', 'https://172.16.0.1/',
  'https://192.168.0.1/', 'https://100.64.0.1/', 'https://100.100.100.200/', 'https://168.63.129.16/', 'https://224.0.0.1/',
  'https://255.255.255.255/', 'https://localhost/', 'https://LOCALHOST./', 'https://a.localhost/', 'https://ｌocalhost/',
  'https://metadata.google.internal/', 'https://printer.local/', 'https://router.lan/', 'https://nas.home.arpa/',
  'https://postgres:5432/', 'https://redis/', 'https:127.0.0.1', 'https:\\\\127.0.0.1\\', ' https://127.0.0.1 ',
  'ht\ntps://127.0.0.1/', 'http://example.com/', 'HTTP://example.com/', 'ftp://example.com/', 'file:///etc/passwd',
  'gopher://example.com/', 'data:text/plain,x', 'javascript:alert(1)', 'blob:https://example.com/1', 'ws://example.com/',
  'wss://example.com/', 'unix:/var/run/docker.sock', 'https://user@example.com/', 'https://user:secret@example.com/',
  'https://:secret@example.com/', 'https://example.com@127.0.0.1/', 'https://127.0.0.1\\@example.com/', 'https://',
  'https:///', 'example.com', '//example.com/', '', 'https://exa mple.com/', 'https://[::1', 'https://1.2.3.4.5/',
  'https://256.256.256.256/', 'https://example.com:99999/',
]

test('a URL that leads elsewhere than to a public https address is refused, however it is written', () => {
  for (const url of hostile) {
    assert.throws(() => checkUrl(url, false), (error) => error instanceof GuardError && error.reason === 'REFUSED', url)
  }
})

test('a public https address passes, with a port, a path and a query', () => {
  const good = [
    'https://example.com/', 'https://example.com:8443/hooks?a=b', 'https://EXAMPLE.com./', 'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/', 'https://bücher.example/', 'https://localhost.example.com/',
  ]
  for (const url of good) checkUrl(url, false)
})

test('where private addresses are allowed, http and one\'s own networks pass, and nothing else does', () => {
  for (const url of ['http://127.0.0.1:3000/', 'http://localhost/', 'https://n8n/', 'http://[::1]/', 'http://10.0.0.1/']) {
    checkUrl(url, true)
  }
  for (const url of ['ftp://127.0.0.1/', 'http://user@127.0.0.1/', 'http://169.254.169.254/', 'http://0/', 'file:///x']) {
    assert.throws(() => checkUrl(url, true), GuardError, url)
  }
})

test('a URL that is refused where it is stored is a 400 with its field, the reason, and no password', () => {
  const refuse = (url: string) => () => assertAllowedUrl(url, { allowPrivate: false, field: 'hooks[0].url' })
  assert.throws(refuse('https://10.1.2.3/'), (error) => error instanceof HiloError && error.code === 'INVALID_REQUEST'
    && error.field === 'hooks[0].url' && /"10\.1\.2\.3" is a private network/.test(error.message))
  assert.throws(refuse('https://me:hunter2@example.com/'), (error) => !/hunter2/.test((error as Error).message))
})
