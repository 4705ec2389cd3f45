/** Asks the API. Throws an Error with the server's reason, and with its `status`. */
export const call = async (method, path, body) => {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer = await response.json().catch(() => ({}))
  if (response.ok) return answer
  throw Object.assign(new Error(answer.reason ?? `status ${response.status}`), { status: response.status })
}

/** Does something and says in `outcome` how it went. */
export const attempt = async (outcome, act, done) => {
  outcome.className = 'outcome'
  outcome.textContent = ''
  try {
    await act()
    outcome.textContent = done
    return true
  } catch (error) {
    outcome.classList.add('is-bad')
    outcome.textContent = error.message
    return false
  }
}
