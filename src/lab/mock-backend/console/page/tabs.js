/** Tabs as the ARIA practices have them: arrows move, and what is reached is shown. */
export const startTabs = () => {
  const tabs = [...document.querySelectorAll('[role="tab"]')]
  const show = chosen => {
    for (const tab of tabs) {
      const isChosen = tab === chosen
      tab.setAttribute('aria-selected', String(isChosen))
      tab.tabIndex = isChosen ? 0 : -1
      document.getElementById(tab.getAttribute('aria-controls')).hidden = !isChosen
    }
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => show(tab))
    tab.addEventListener('keydown', event => {
      const last = tabs.length - 1
      const to = {
        ArrowRight: index === last ? 0 : index + 1,
        ArrowLeft: index === 0 ? last : index - 1,
        Home: 0,
        End: last,
      }[event.key]
      if (to === undefined) return
      event.preventDefault()
      show(tabs[to])
      tabs[to].focus()
    })
  }
}
