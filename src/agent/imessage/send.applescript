-- Sends one text to one chat. Constant source: everything variable comes in as an argument.
--   attempt   name of this attempt, so that a later agent finds the process again
--   mode      "chat": target is a chat's guid, verbatim; "participant": target is a person's address
--   account   id of the local account (mode "participant"), may be empty
--   service   "iMessage", "SMS" or "RCS", for when the account is not known by its id
--   target    guid or address
--   textFile  path of a file with what the person will read, UTF-8: other users may see the arguments
-- Each phase is logged before it is entered: osascript writes the log to standard error at once, which is a file that
-- outlives the agent. What never reached phase "send" was provably not sent.
on run argv
  set sendMode to item 2 of argv
  set accountId to item 3 of argv
  set serviceName to item 4 of argv
  set target to item 5 of argv
  set textFile to item 6 of argv

  log "edge-agent phase: resolve"
  set bubbleText to read (POSIX file textFile) as «class utf8»
  with timeout of 15 seconds
    if sendMode is "chat" then
      tell application "Messages" to set found to count of (every chat whose id is target)
      if found is 0 then error "Can't get chat id." number -1728
    else if accountId is not "" then
      tell application "Messages" to set theAccount to account id accountId
    else if serviceName is "SMS" then
      tell application "Messages" to set theAccount to 1st account whose service type is SMS
    else if serviceName is "iMessage" then
      tell application "Messages" to set theAccount to 1st account whose service type is iMessage
    else
      -- RCS, say: older Messages have no word for it, and by the account of another service it would be another message
      error "Can't get account." number -1719
    end if
  end timeout

  log "edge-agent phase: send"
  with timeout of 20 seconds
    if sendMode is "chat" then
      tell application "Messages" to send bubbleText to chat id target
    else
      tell application "Messages" to send bubbleText to participant target of theAccount
    end if
  end timeout

  log "edge-agent phase: done"
end run
