// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/session.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/support/fake_debug_target.h"

using namespace skiff::gdb;
using skiff::test::FakeDebugTarget;
using Kind = ResumeAction::Kind;

namespace {

class Client {
  public:
    /// The raw bytes that came back.
    std::string send(std::string_view bytes) {
        sent_.clear();
        const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
        session.receive(copy);
        return sent_;
    }
    /// The body of the answer to one packet; "(none)" where none came.
    std::string ask(std::string_view body) { return body_of(send(frame(body))); }

    std::string told(const StopEvent& event) {
        return after([&] { session.stopped(event); });
    }
    std::string after(const std::function<void()>& what) {
        sent_.clear();
        what();
        return body_of(sent_);
    }

    FakeDebugTarget target;
    Session session{target, [this](std::string_view bytes) { sent_ += bytes; }};

  private:
    static std::string body_of(std::string text) {
        const auto start = text.rfind('$');
        const auto end = text.rfind('#');
        return start == std::string::npos ? "(none)" : text.substr(start + 1, end - start - 1);
    }
    std::string sent_;
};

}  // namespace

TEST_CASE("A packet is acknowledged and answered") {
    Client client;
    CHECK(client.send("$qC#b4") == "+$QC1#c5");
}

TEST_CASE("A damaged packet is asked for again, and so is a damaged answer") {
    Client client;
    CHECK(client.send("$qC#00") == "-");
    CHECK(client.send("$qC#b4") == "+$QC1#c5");
    CHECK(client.send("-") == "$QC1#c5");
}

TEST_CASE("Without acknowledgements a damaged packet is an error") {
    Client client;
    CHECK(client.send(frame("QStartNoAckMode")) == "+$OK#9a");
    CHECK(client.send("$qC#b4") == "$QC1#c5");
    CHECK(client.send("$qC#00") == frame("E01"));
    CHECK(client.send("-").empty());
}

TEST_CASE("What is not known is answered by nothing") {
    Client client;
    for (const char* const body : {"", "vMustReplyEmpty", "!", "qUnknown", "QUnknown", "t"}) {
        CHECK(client.ask(body).empty());
    }
}

TEST_CASE("Registers are read and written one by one and all at once") {
    Client client;
    client.target.registers[0].general[0] = 0x1122;
    CHECK(client.ask("p0") == "2211000000000000");
    CHECK(client.ask("P10=efcdab0000000000") == "OK");
    CHECK(client.target.registers[0].rip == 0xabcdef);
    CHECK(client.ask("P10=00") == "E01");
    CHECK(client.ask("p1000") == "E01");
    CHECK(client.ask("p") == "E01");

    const std::string all = client.ask("g");
    CHECK(client.ask("G" + all) == "OK");
    CHECK(client.ask("G" + std::string(16, 'x') + "0500000000000000") == "OK");
    CHECK(client.target.registers[0].general[0] == 0x1122);
    CHECK(client.target.registers[0].general[1] == 5);
    CHECK(client.ask("G" + all + "00") == "E01");
    CHECK(client.ask("Gzz") == "E01");
}

TEST_CASE("Memory is read as far as there is any") {
    Client client;
    client.target.memory[0] = 0x12;
    client.target.memory[4095] = 0x34;
    CHECK(client.ask("m1000,2") == "1200");
    CHECK(client.ask("m1fff,10") == "34");
    CHECK(client.ask("m2000,1") == "E01");
    CHECK(client.ask("m1000") == "E01");
    CHECK(client.ask("m1000,0").empty());
    CHECK(client.ask("x1000,1") == "b\x12");
}

TEST_CASE("No answer is longer than the packets that were offered") {
    Client client;
    for (const char* const body : {"m1000,ffffffffffffffff", "x1000,ffffffffffffffff",
                                   "qXfer:features:read:target.xml:0,ffffffff"}) {
        CHECK(client.ask(body).size() <= kMaxPacketBytes);
    }
}

TEST_CASE("Memory is written in hex and in binary, all of it or with an error") {
    Client client;
    CHECK(client.ask("M1000,2:abcd") == "OK");
    CHECK(client.target.memory[1] == 0xcd);
    CHECK(client.ask("X1002,2:}\x03z") == "OK");
    CHECK(client.target.memory[2] == '#');
    CHECK(client.target.memory[3] == 'z');
    CHECK(client.ask("X1000,0:") == "OK");  // how a client finds out that X is there
    CHECK(client.ask("M1000,3:abcd") == "E01");
    CHECK(client.ask("M1fff,2:abcd") == "E01");
    CHECK(client.ask("X1000,1:}") == "E01");
}

TEST_CASE("Continuing and stepping say what each CPU does") {
    Client client;
    CHECK(client.ask("vCont?") == "vCont;c;C;s;S;r");
    CHECK(client.ask("vCont;s:2;c:1") == "(none)");
    REQUIRE(client.target.resumed.size() == 2);
    CHECK(client.target.resumed[0].kind == Kind::kContinue);
    CHECK(client.target.resumed[1].kind == Kind::kStep);
}

TEST_CASE("A CPU that no action is for stays") {
    Client client;
    CHECK(client.ask("vCont;S05:1") == "(none)");
    CHECK(client.target.resumed[0].kind == Kind::kStep);
    CHECK(client.target.resumed[1].kind == Kind::kStay);
}

TEST_CASE("The first action for a CPU counts, and ranges are stepped through") {
    Client client;
    CHECK(client.ask("vCont;r1000,1008:1;c") == "(none)");
    CHECK(client.target.resumed[0].kind == Kind::kStep);
    CHECK(client.target.resumed[0].range_end == 0x1008);
    CHECK(client.target.resumed[1].kind == Kind::kContinue);
}

TEST_CASE("A wrong vCont lets nobody go") {
    for (const char* const body : {"vCont;", "vCont;q", "vCont;c:3", "vCont;c:0", "vCont;r1:1"}) {
        Client client;
        INFO(body);
        CHECK(client.ask(body) == "E01");
        CHECK(client.target.resumed.empty());
    }
}

TEST_CASE("An old client's c and s go on, from another address if it says so") {
    Client client;
    CHECK(client.ask("Hc2") == "OK");
    CHECK(client.ask("s1234") == "(none)");
    CHECK(client.target.registers[1].rip == 0x1234);
    CHECK(client.target.resumed[0].kind == Kind::kContinue);
    CHECK(client.target.resumed[1].kind == Kind::kStep);
    client.told({});
    CHECK(client.ask("C05;1000") == "(none)");
    CHECK(client.target.registers[1].rip == 0x1000);
}

TEST_CASE("What the machine refuses is told with its reason") {
    Client client;
    client.target.refusal = "no reason";
    CHECK(client.ask("c") == "E.no reason");
    CHECK(client.ask("Z0,1000,1") == "E.no reason");
    client.target.refusal.reset();
    CHECK(client.ask("?").starts_with("T05") == false);  // it still stands, by an interrupt
    CHECK(client.ask("?").starts_with("T02"));
}

TEST_CASE("A stop is told with its reason and its CPU") {
    Client client;
    using Why = StopEvent::Kind;
    CHECK(client.told({.kind = Why::kStep, .cpu = 1}) == "T05thread:2;core:1;");
    CHECK(client.ask("qC") == "QC2");
    CHECK(client.told({.kind = Why::kWriteWatch, .cpu = 0, .address = 0xabc}) ==
          "T05watch:abc;thread:1;core:0;");
    CHECK(client.told({.kind = Why::kAccessWatch, .cpu = 0, .address = 0xabc}) ==
          "T05awatch:abc;thread:1;core:0;");
    CHECK(client.told({.kind = Why::kInterrupt}) == "T02thread:1;core:0;");
    CHECK(client.told({.kind = Why::kCrash, .cpu = 0, .address = 0, .text = "x"})
              .starts_with("T0bthread"));
    // Only a client that knows these words gets them.
    CHECK(client.told({.kind = Why::kSoftwareBreakpoint}) == "T05thread:1;core:0;");
    CHECK(client.ask("qSupported:swbreak+;hwbreak+").find("PacketSize=4000") == 0);
    CHECK(client.told({.kind = Why::kSoftwareBreakpoint}) == "T05swbreak:;thread:1;core:0;");
    CHECK(client.told({.kind = Why::kHardwareBreakpoint}) == "T05hwbreak:;thread:1;core:0;");
}

TEST_CASE("Ctrl-C interrupts a machine that runs, and only that") {
    Client client;
    client.send("\x03");
    CHECK(client.target.interrupts == 0);
    client.ask("c");
    client.send("\x03");
    CHECK(client.target.interrupts == 1);
}

TEST_CASE("A machine that runs is not looked at") {
    Client client;
    client.ask("c");
    for (const char* const body : {"g", "m1000,1", "c", "Z0,1000,1", "?", "D"}) {
        CHECK(client.ask(body).starts_with("E."));
    }
    CHECK(client.target.detaches == 0);
    client.ask("k");
    CHECK(client.target.kills == 1);
}

TEST_CASE("Breakpoints are put and taken away") {
    Client client;
    CHECK(client.ask("Z0,1000,1") == "OK");
    CHECK(client.ask("Z2,1008,8") == "OK");
    REQUIRE(client.target.breakpoints.size() == 2);
    CHECK(client.target.breakpoints[1] ==
          Breakpoint{.kind = BreakpointKind::kWriteWatch, .address = 0x1008, .size_bytes = 8});
    CHECK(client.ask("z0,1000,1") == "OK");
    CHECK(client.target.breakpoints.size() == 1);
    // An x86 has no watchpoints for reads alone; a client then takes one for all accesses.
    CHECK(client.ask("Z3,1000,1").empty());
    for (const char* const body : {"Z5,0,1", "Z0", "Z0,1000", "Z,,", "zx"}) {
        CHECK(client.ask(body) == "E01");
    }
}

TEST_CASE("Threads are the CPUs") {
    Client client;
    CHECK(client.ask("qfThreadInfo") == "m1,2");
    CHECK(client.ask("qsThreadInfo") == "l");
    CHECK(client.ask("T2") == "OK");
    CHECK(client.ask("T3") == "E01");
    CHECK(client.ask("Hg2") == "OK");
    client.target.registers[1].general[0] = 7;
    CHECK(client.ask("p0") == "0700000000000000");
    CHECK(client.ask("Hg0") == "OK");
    CHECK(client.ask("Hg9") == "E01");
    CHECK(client.ask("H").empty());
    CHECK(client.ask("qThreadExtraInfo,1") == to_hex(std::string_view("vcpu 0: busy")));
    CHECK(client.ask("qXfer:threads:read::0,1000").find("&lt;halted>") != std::string::npos);
}

TEST_CASE("The target description comes in the parts that are asked for") {
    Client client;
    const std::string document = target_description(VectorState::kAvx);
    std::string got;
    while (true) {
        const std::string part =
            client.ask(fmt::format("qXfer:features:read:target.xml:{:x},100", got.size()));
        REQUIRE_FALSE(part.empty());
        const std::string_view text = std::string_view(part).substr(1);
        const auto bytes = unescape(text);
        REQUIRE(bytes.has_value());
        got.append(bytes->begin(), bytes->end());
        if (part.front() == 'l') {
            break;
        }
        REQUIRE(bytes->size() == 0x100);
    }
    CHECK(got == document);
    CHECK(client.ask("qXfer:features:read:other.xml:0,100") == "E00");
    CHECK(client.ask("qXfer:features:read:target.xml:0") == "E01");
}

TEST_CASE("Monitor commands are answered in hex") {
    Client client;
    CHECK(client.ask("qRcmd," + to_hex(std::string_view("hi"))) ==
          to_hex(std::string_view("hi!\n")));
    CHECK(client.ask("qRcmd,0") == "E01");
}

TEST_CASE("Who detaches or kills says no more") {
    Client client;
    CHECK(client.ask("D") == "OK");
    CHECK(client.session.is_over());
    CHECK(client.target.detaches == 1);
    CHECK(client.ask("g") == "(none)");
    Client killer;
    CHECK(killer.ask("vKill;1") == "OK");
    CHECK(killer.target.kills == 1);
}

TEST_CASE("The end of the machine is told to a client that waits for it") {
    Client client;
    client.ask("c");
    CHECK(client.after([&] { client.session.ended(71); }) == "W47");
    CHECK(client.session.is_over());
}
