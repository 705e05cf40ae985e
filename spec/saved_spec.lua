-- SPDX-License-Identifier: MIT
-- Pictures that were saved before the script was killed, and what status shows of a
-- journal, also of one that is at work.

local starts = require "spec.support.starts"

local lines = starts.lines

describe("a picture that was saved", function()
  local place, script, with = starts.around(before_each, after_each)

  it("is not fetched again by a start that goes on, wherever the one before was killed",
    function()
      script("s.lua", [[
        local grid = assert(mj.imagine "cat":await())
        at "grid"
        local big = assert(grid:click "U2":await())
        at "big"
        print(assert(big:save "pics/{id}.{ext}"))
        at "saved"
        print(assert(grid:save "grid.png"))
        at "both"]])
      for _, profile in ipairs { "plus", "generate" } do
        local out = with("clock=200,profile=" .. profile, [[
          rm -rf pics grid* $HOME/.local
          for point in grid big saved saved both both; do
            cut_off $point s.lua >/dev/null
            pictures
          done
          ls | grep -c part
          $mjlua s.lua 2>/dev/null | sed 's/[0-9a-z_]\{9,\}/ID/'
          count
          pictures
          ls pics | wc -l
          $mjlua -m status s.lua | tail -n 1]])
        local images = profile == "plus" and 1 or 4
        local got = lines(out)
        local function fetched(n)
          return n .. " fetched"
        end
        assert.same({ fetched(0), fetched(0), fetched(1), fetched(1), fetched(1 + images),
          fetched(1 + images), "0", "pics/ID.png" },
          { got[1], got[2], got[3], got[4], got[5], got[6], got[7], got[8] }, out)
        assert.truthy(out:find(("\n2 submitted, 2 made\n%s\n1\n2 DOWNLOADED\n$")
          :format(fetched(1 + images))), out)
      end
    end)

  it("is fetched again when it is gone, or another, or wanted elsewhere", function()
    script("s.lua", [[
      local task = assert(mj.imagine "cat":await())
      print(assert(task:save(os.getenv "NAME")))
      at "saved"]])
    local out = with("clock=200,profile=plus", [[
      export NAME=a.png
      cut_off saved s.lua
      sum=$(sha256sum <a.png)
      pictures
      rm a.png
      cut_off saved s.lua
      pictures
      printf x | dd of=a.png bs=1 seek=50 conv=notrunc 2>/dev/null
      cut_off saved s.lua
      pictures
      printf x >>a.png
      cut_off saved s.lua
      pictures
      cut_off saved s.lua
      pictures
      [ "$sum" = "$(sha256sum <a.png)" ] && echo same
      NAME=b.png
      cut_off saved s.lua
      pictures
      cut_off saved s.lua
      pictures
      ls *.png
      count]])
    assert.equal("a.png 1 fetched a.png 2 fetched a.png 3 fetched a.png 4 fetched "
      .. "a.png 4 fetched same b.png 5 fetched b.png 5 fetched a.png b.png 1 submitted, 1 made ",
      (out:gsub("%s+", " ")))
  end)

  it("is saved though its address has expired and the gateway is gone", function()
    script("s.lua", [[
      local task = assert(mj.imagine "cat":await { timeout = 20 })
      print(assert(task:save "cat.png"))
      at "saved"]])
    local out, err = with("clock=200,profile=plus", [[
      cut_off saved s.lua
      kill $gateway
      wait $gateway 2>/dev/null
      gateway=
      $mjlua s.lua
      mv cat.png other.png
      $mjlua s.lua 2>&1 | tail -n 1 | cut -c 1-20]])
    local got = lines(out)
    assert.same({ "cat.png", "cat.png" }, { got[1], got[2] })
    assert.equal(starts.ANNOUNCED, err)
  end)

  it("is none while its task runs: a preview is no picture", function()
    script("s.lua", [[
      local seen
      local task = assert(mj.imagine "cat":await { on_progress = function(t)
        if t.image_url and not seen and t.status ~= "SUCCESS" then
          seen = t
          t:save "cat.png"
        end
      end })
      at "preview"
      print(assert(task:save "cat.png"))
      at "end"]])
    local out = with("clock=20,profile=plus", [=[
      cut_off preview s.lua
      $mjlua -m status --json s.lua | grep -c files
      cut_off end s.lua
      $mjlua -m status --json s.lua | grep -o '"files":[^]]*'
      echo "\"files\":[\"$dir/cat.png\"" | sed 's,/,\\/,g']=])
    local got = lines(out)
    assert.equal("0", got[1])
    assert.equal("cat.png", got[2])
    assert.equal(got[4], got[3])
  end)

  it("is whole or absent, at any kill", function()
    script("s.lua", [[
      local task = assert(mj.imagine "cat":await())
      at "made"
      for i = 1, 400 do
        assert(task:save("p" .. i .. ".png"))
        if i == 5 then
          print "five"
          io.flush()
        end
      end]])
    local out = with("clock=200,profile=plus", [[
      for i in 1 2 3 4 5; do
        begin s.lua
        said five
        sleep 0.0$i
        end 9
      done
      sum=$(sha256sum <p1.png)
      for file in *; do
        case $file in
        *.part*) echo "left $file" ;;
        p*.png) [ "$sum" = "$(sha256sum <$file)" ] || echo "torn $file" ;;
        esac
      done
      ls p*.png | wc -l]])
    assert.truthy(tonumber(out), out)
    assert.is_true(tonumber(out) >= 5)
  end)

  describe("and status", function()
    it("shows a journal while its script works, and disturbs nobody", function()
      script("s.lua", [[
        local task = assert(mj.imagine "cat":await())
        print(assert(task:save "cat.png"))
        at "saved"
        print(assert(mj.imagine "dog":await()).prompt)]])
      local out, err = with("clock=200,profile=plus", [[
        export HOLD=saved
        begin s.lua
        said "at saved"
        find $HOME -type f -exec sha256sum {} + | sort >before
        $mjlua -m status s.lua
        echo "status $?"
        $mjlua -m status --unknown s.lua
        find $HOME -type f -exec sha256sum {} + | sort >after
        cmp before after && echo untouched
        unset HOLD
        $mjlua s.lua
        echo "status $?"
        echo $pid
        end 9
        $mjlua -m status s.lua | tail -n 1
        $mjlua s.lua 2>/dev/null
        $mjlua -m status s.lua | tail -n 1]])
      local got = lines(out)
      local pid = out:match "\n(%d+)\n"
      assert.truthy(got[1]:find "DOWNLOADED    imagine    %d+ .*cat$", out)
      assert.equal((" "):rep(16) .. place.path .. "/cat.png", got[2])
      assert.same({ "process " .. pid .. " works on it", "1 DOWNLOADED", "status 0",
        "process " .. pid .. " works on it", "nothing", "untouched", "status 1", pid,
        "1 DOWNLOADED", "cat.png", "dog", "1 DOWNLOADED, 1 SUCCEEDED" },
        { (table.unpack or unpack)(got, 3) }) -- luacheck: ignore 143
      assert.truthy(err:find("process " .. pid .. " has it already", 1, true), err)
    end)

    it("does not call unknown what is just being sent", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        job:id(0.3)
        at "sent"]])
      local out = with("profile=plus,clock=200,fault=silent@1", [[
        export HOLD=sent
        begin s.lua
        said "at sent"
        $mjlua -m status --unknown s.lua | tail -n 1
        $mjlua -m status s.lua | tail -n 1
        end 9
        unset HOLD
        $mjlua -m status --unknown s.lua | tail -n 1]])
      assert.equal("nothing\n1 DISPATCHING\n1 DISPATCHING\n", out)
    end)

    it("says what is wrong with a file, and leaves it as it is", function()
      script("s.lua", [[assert(mj.imagine "cat":await())]])
      local out, err = with("clock=200", [[
        $mjlua -m status s.lua
        $mjlua s.lua
        file=$(echo $HOME/.local/state/mj/*.journal)
        chmod 644 $file
        $mjlua -m status s.lua
        chmod 600 $file
        head -c 5000 $file >$file.half
        mv $file.half $file
        chmod 600 $file
        rm -f $file-wal
        $mjlua -m status s.lua
        ls $HOME/.local/state/mj | wc -l
        printf 'a letter, and no journal' >letter
        chmod 600 letter
        $mjlua -m status letter
        ls]])
      assert.truthy(out:find "^2\n", out)
      assert.falsy(out:find("letter.lock", 1, true), out)
      local first, second, third = err:match "([^\n]+)\n([^\n]+)\n([^\n]+)\n"
      assert.truthy(first:find "^mjlua: status: there is no journal /", first)
      assert.truthy(second:find "^mjlua: status: others can open it[^\n]+chmod 600 /", second)
      assert.truthy(third:find "^mjlua: status: journal /[^\n]+ is damaged %(", third)
    end)
  end)
end)
