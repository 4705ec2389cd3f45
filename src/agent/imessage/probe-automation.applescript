-- Asks Messages for something harmless, to learn whether macOS lets us: nothing is sent, nothing is shown. The first time
-- macOS asks the user. To get a name would do without permission; to count does not.
with timeout of 8 seconds
  tell application "Messages"
    set total to count of accounts
    try
      set answer to "accounts " & total & ", enabled " & (count of (every account whose enabled is true))
    on error number errorNumber
      if errorNumber is -1743 or errorNumber is -1744 then error number errorNumber
      set answer to "accounts " & total
    end try
  end tell
end timeout
return answer
