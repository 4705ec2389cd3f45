/** `<stamp> <replica>/<generation>`: which connection of an agent is the newest, and who has it. */
export const ownerKey = (agentId: string): string => `edge:owner:${agentId}`
/** A key that shows that Redis remembers this replica, and the channel on which it listens. */
export const replicaKey = (replica: string): string => `edge:replica:${replica}`
/** A hash of body, token and answer. */
export const answerKey = (digest: string): string => `edge:answer:${digest}`

/** How long ownership lasts without a heartbeat, in ms. */
const OWNER_MS = 30_000
/** A new connection is newer than any other, even if the clocks of two replicas are apart by so much; in µs. */
const SLACK_MICROS = 1_000_000

/** KEYS: replica. ARGV: expiry in ms. Returns whether Redis remembered it, and Redis's time in s and µs. */
export const BEAT = `
local known = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
local time = redis.call('TIME')
return {known, time[1], time[2]}`

/**
 * Takes ownership, or keeps it. The connection with the larger stamp owns; the loser's replica is told.
 * KEYS: owners. ARGV: replica, fresh (1: just accepted), then for each key agent, generation, stamp.
 * Returns for each key 1, or 0 where a newer connection is known.
 */
export const OWN = `
local replica, fresh, owned = ARGV[1], ARGV[2] == '1', {}
for i, key in ipairs(KEYS) do
  local generation, stamp = ARGV[i * 3 + 1], tonumber(ARGV[i * 3 + 2])
  local me = replica .. '/' .. generation
  local owner = redis.call('GET', key)
  local value = nil
  if not owner then
    value = stamp
  else
    local theirs, other, theirGeneration = owner:match('^(%d+) ([^/]+)/(%d+)$')
    theirs = tonumber(theirs)
    if other .. '/' .. theirGeneration == me then
      redis.call('PEXPIRE', key, ${OWNER_MS})
      owned[i] = 1
    else
      if fresh and stamp <= theirs and theirs - stamp < ${SLACK_MICROS} then stamp = theirs + 1 end
      if stamp > theirs then
        value = stamp
        if other ~= replica then
          local agent = ARGV[i * 3]
          redis.call('PUBLISH', 'edge:replica:' .. other,
            cjson.encode({type = 'replaced', agentId = agent, generation = tonumber(theirGeneration)}))
        end
      else
        owned[i] = 0
      end
    end
  end
  if value then
    redis.call('SET', key, string.format('%.0f %s', value, me), 'PX', ${OWNER_MS})
    owned[i] = 1
  end
end
return owned`

/** Compare and delete: a late goodbye takes nothing from a newer connection. KEYS: owner. ARGV: replica/generation. */
export const RELEASE = `
local owner = redis.call('GET', KEYS[1])
if owner and owner:match('^%d+ (.+)$') == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/** Hands a message to the owner. KEYS: owner. ARGV: message. Returns how many got it: 0 without an owner that lives. */
export const SEND = `
local owner = redis.call('GET', KEYS[1])
if not owner then return 0 end
return redis.call('PUBLISH', 'edge:replica:' .. owner:match('^%d+ ([^/]+)/'), ARGV[1])`

/** KEYS: answer. ARGV: digest of the body, token, expiry in ms of a beginning that nobody keeps up. */
export const BEGIN_ANSWER = `
local body, answer = unpack(redis.call('HMGET', KEYS[1], 'body', 'answer'))
if not body then
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'token', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'new'}
end
if body ~= ARGV[1] then return {'other-body'} end
if answer then return {'answered', answer} end
return {'working'}`

/** Work goes on. KEYS: answer. ARGV: digest of the body, token, expiry in ms. */
export const KEEP_ANSWER = `
local token, answer = unpack(redis.call('HMGET', KEYS[1], 'token', 'answer'))
if answer or (token and token ~= ARGV[2]) then return end
redis.call('HSET', KEYS[1], 'body', ARGV[1], 'token', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])`

/** The first answer stands. KEYS: answer. ARGV: digest of the body, answer, expiry in ms. */
export const WRITE_ANSWER = `
if redis.call('HSETNX', KEYS[1], 'answer', ARGV[2]) == 0 then return end
redis.call('HSET', KEYS[1], 'body', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])`

/** KEYS: answer. ARGV: token. */
export const FORGET_ANSWER = `
local token, answer = unpack(redis.call('HMGET', KEYS[1], 'token', 'answer'))
if token == ARGV[1] and not answer then redis.call('DEL', KEYS[1]) end`
