-- Stands ready to send one text to one chat, and sends it when it comes. Constant source: where to is an argument, the
-- text comes on standard input.
--   attempt   name of this attempt, so that a later agent finds the process again
--   mode      "chat": target is a chat's guid, verbatim; "participant": target is a person's address
--   account   id of the local account (mode "participant"), may be empty
--   service   "iMessage", "SMS" or "RCS", for when the account is not known by its id
--   target    guid or address
-- Standard input: the attempt's name, a line feed, the text, a line feed, the attempt's name, and then its end. Anything
-- else is half a job or none, as an agent leaves it that is killed: it is refused by an error, and nothing is sent.
-- Each phase is logged before it is entered: osascript writes the log to standard error at once, which is a file that
-- outlives the agent. What never reached phase "send" was provably not sent.
use AppleScript version "2.4"
use scripting additions
use framework "Foundation"

on run argv
  set attempt to item 1 of argv
  set sendMode to item 2 of argv
  set accountId to item 3 of argv
  set serviceName to item 4 of argv
  set target to item 5 of argv

  log "edge-agent phase: resolve"
  -- To ask whether it runs does not launch it. To count its chats would, and nobody may have asked for anything yet.
  if application id "com.apple.MobileSMS" is not running then error "Messages is not running." number -600
  with timeout of 5 seconds
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
      error "Can't get account." number -1719
    end if
  end timeout

  log "edge-agent: ready"
  set bubbleText to my readJob(attempt)

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

-- Compared byte by byte: to a string, a combining mark at the beginning of the text would belong to the line feed before it.
on readJob(attempt)
  set theJob to current application's NSFileHandle's fileHandleWithStandardInput()'s readDataToEndOfFile()
  set theOpening to my bytesOf(attempt & linefeed)
  set theClosing to my bytesOf(linefeed & attempt)
  set jobSize to (theJob's |length|()) as integer
  set frameSize to (theOpening's |length|()) as integer
  set textSize to jobSize - 2 * frameSize
  if textSize < 1 then error "No whole job came." number 41000
  set theBegin to theJob's subdataWithRange:(current application's NSMakeRange(0, frameSize))
  set theEnd to theJob's subdataWithRange:(current application's NSMakeRange(frameSize + textSize, frameSize))
  if not ((theBegin's isEqualToData:theOpening) as boolean) then error "The job is not this attempt's." number 41002
  if not ((theEnd's isEqualToData:theClosing) as boolean) then error "The job is torn." number 41002
  set theBytes to theJob's subdataWithRange:(current application's NSMakeRange(frameSize, textSize))
  set theText to current application's NSString's alloc()'s initWithData:theBytes encoding:(current application's NSUTF8StringEncoding)
  if theText is missing value then error "The job is not UTF-8." number 41001
  return theText as text
end readJob

on bytesOf(theText)
  return (current application's NSString's stringWithString:theText)'s dataUsingEncoding:(current application's NSUTF8StringEncoding)
end bytesOf
