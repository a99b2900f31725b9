// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/suite_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "vmm/test_suite/case_keys.h"

namespace skiff::test_suite {
namespace {

using Words = std::vector<std::string>;

std::vector<TestCase> cases_of(const std::string& text) {
    const auto cases = parse_suite(text, "some/suite.toml");
    INFO((cases.ok() ? "" : cases.error().message()));
    REQUIRE(cases.ok());
    return *cases;
}

TestCase only_case(const std::string& keys) {
    const auto cases = cases_of("[[case]]\nname = \"it\"\n" + keys);
    REQUIRE(cases.size() == 1);
    return cases.front();
}

std::string error_of(const std::string& text) {
    const auto cases = parse_suite(text, "s.toml");
    REQUIRE_FALSE(cases.ok());
    CHECK(cases.error().kind() == ErrorKind::kUser);
    return cases.error().message();
}

TEST_CASE("A case of a suite becomes arguments of skiff run") {
    const TestCase test = only_case(R"(
kernel = "k.elf"
initrd = ["a", "b,x y"]
append = "-quiet x"
cpus = 2
memory = "512M"
args = ["--testdev"]
command = ["sh", "-c", "echo ${HOME}"]
)");
    CHECK(test.arguments == Words{"--kernel", "k.elf", "--initrd", "a", "--initrd", "b,x y",
                                  "--append=-quiet x", "--cpus", "2", "--memory", "512M",
                                  "--testdev", "--", "sh", "-c", "echo ${HOME}"});
    CHECK(test.suite == "suite");
    CHECK(test.name == "it");
    CHECK(test.folder == "some");
    CHECK(test.origin == "some/suite.toml:1");
}

TEST_CASE("Variables are the command's too, where there is one") {
    CHECK(only_case("env = { A = \"b c\" }\nkernel = \"k\"").arguments == Words{"--kernel", "k"});
    const TestCase test = only_case("env = { A = \"b c\" }\nkernel = \"k\"\ncommand = [\"env\"]");
    CHECK(test.arguments == Words{"--kernel", "k", "--env=A=b c", "--", "env"});
    CHECK(test.environment == Words{"A=b c"});
}

TEST_CASE("What a case does not say comes from the defaults, what it says replaces it") {
    const auto cases = cases_of(R"(
name = "mine"
[defaults]
kernel = "k.elf"
timeout = 2.5
expect = "panic"
args = ["--testdev"]
[[case]]
[[case]]
name = "other"
args = []
timeout = 1
expect = [3, "reset"]
)");
    REQUIRE(cases.size() == 2);
    CHECK(cases[0].suite == "mine");
    CHECK(cases[0].name == "k.elf");
    CHECK(cases[0].timeout == std::chrono::milliseconds(2500));
    CHECK(cases[0].expectation.describe() == "panic");
    CHECK(cases[0].arguments == Words{"--kernel", "k.elf", "--testdev"});
    CHECK(cases[1].timeout == std::chrono::milliseconds(1000));
    CHECK(cases[1].expectation.describe() == "status 3 or reset");
    CHECK(cases[1].arguments == Words{"--kernel", "k.elf"});
}

TEST_CASE("Paths and arguments may have variables") {
    ::setenv("SKIFF_TEST_FOLDER", "/payloads", 1);
    ::unsetenv("SKIFF_TEST_UNSET");
    const TestCase test = only_case(R"(
kernel = "${SKIFF_TEST_FOLDER}/k"
initrd = "${SKIFF_TEST_UNSET:-../x}/i"
args = ["--name=$${a}"]
)");
    CHECK(test.arguments == Words{"--kernel", "/payloads/k", "--initrd", "../x/i", "--name=${a}"});
    CHECK(only_case("folder = \"${SKIFF_TEST_FOLDER}\"\nkernel = \"k\"").folder == "/payloads");
    CHECK(only_case("folder = \"down\"\nkernel = \"k\"").folder == "some/down");
    CHECK_THAT(error_of("[[case]]\nkernel = \"${SKIFF_TEST_UNSET}/k\"\n"),
               Catch::Contains("s.toml:2: 'kernel' the variable SKIFF_TEST_UNSET is not set"));
}

TEST_CASE("What a case looks for, needs and gives is taken over") {
    const TestCase test = only_case(R"(
output = ["^a", "b$"]
contains = "text"
forbid = "BUG"
skip = "not now"
requires = ["root", "file:x"]
env = { NAME = "value" }
)");
    REQUIRE(test.output.must_match.size() == 2);
    CHECK(test.output.must_match[1].text() == "b$");
    CHECK(test.output.must_contain == Words{"text"});
    REQUIRE(test.output.must_not_match.size() == 1);
    CHECK(test.skip == "not now");
    CHECK(test.requirements == Words{"root", "file:x"});
    CHECK(test.environment == Words{"NAME=value"});
    CHECK_FALSE(only_case("skip = false").skip.has_value());
    CHECK(only_case("skip = true").skip.has_value());
}

TEST_CASE("A header without a key is an error, and nothing worse") {
    for (const char* const text : {"[*]\n", "[[[a]]]\n", "[=]\n"}) {
        CHECK(error_of(text).find("s.toml:1: ") == 0);
    }
}

TEST_CASE("A wrong suite is one error with its line") {
    struct Wrong {
        const char* text;
        const char* message;
    };
    const Wrong wrongs[] = {
        {"[[case]]\nkernle = \"k\"\n", "s.toml:2: unknown key 'kernle': did you mean 'kernel'?"},
        {"[[case]]\nzzzzzzzz = 1\n",
         "s.toml:2: unknown key 'zzzzzzzz': a case has name, folder, kernel"},
        {"[default]\n[[case]]\n", "s.toml:1: 'default' has no place here"},
        {"[defaults]\nname = \"x\"\n", "s.toml:2: [defaults] cannot have a 'name'"},
        {"[defaults]\ncpu = 1\n", "s.toml:2: unknown key 'cpu': did you mean 'cpus'?"},
        {"", "s.toml: has no case"},
        {"case = 3\n", "s.toml: has no case"},
        {"case = [3]\n", "s.toml:1: a case is a table"},
        {"x = [\n", "s.toml:"},
        {"[[case]]\n", "s.toml:1: the case has neither a name nor a kernel"},
        {"[[case]]\nname = \"a\"\n[[case]]\nname = \"a\"\n",
         "s.toml:3: there is a case 'a' before"},
        {"[[case]]\nname = \"\"\n", "s.toml:2: 'name' takes a name"},
        {"[[case]]\nname = \"a\\u001bb\"\n", "s.toml:2: 'name' takes a name"},
        {"[[case]]\nkernel = 3\n", "s.toml:2: 'kernel' takes a string"},
        {"[[case]]\nkernel = \"a\\u0000b\"\n", "s.toml:2: 'kernel' holds a zero byte"},
        {"[[case]]\ninitrd = [3]\n", "s.toml:2: 'initrd' takes a string"},
        {"[[case]]\ncpus = 0\n", "s.toml:2: 'cpus' takes a number"},
        {"[[case]]\ncpus = \"2\"\n", "s.toml:2: 'cpus' takes a number"},
        {"[[case]]\nmemory = -1\n", "s.toml:2: 'memory' takes a size"},
        {"[[case]]\ntimeout = 0\n", "s.toml:2: 'timeout' takes a number of seconds"},
        {"[[case]]\ntimeout = nan\n", "s.toml:2: 'timeout' takes a number of seconds"},
        {"[[case]]\nexpect = 256\n", "s.toml:2: 'expect' 256 is no exit status"},
        {"[[case]]\nexpect = \"panik\"\n",
         "s.toml:2: 'expect' 'panik' is no end of a guest: did you mean 'panic'?"},
        {"[[case]]\nexpect = [true]\n", "s.toml:2: 'expect' takes a status"},
        {"[[case]]\noutput = \"(\"\n", "s.toml:2: 'output' '(' is no regular expression"},
        {"[[case]]\ncontains = \"a\\nb\"\n", "s.toml:2: 'contains' is looked for line by line"},
        {"[[case]]\nrequires = \"luck\"\n", "s.toml:2: 'requires' 'luck' is nothing"},
        {"[[case]]\nargs = [\"--\"]\n", "s.toml:2: 'args' holds \"--\""},
        {"[[case]]\ncommand = \"ls\"\n", "s.toml:2: 'command' takes an array"},
        {"[[case]]\nenv = { \"A=B\" = \"\" }\n", "s.toml:2: 'env' 'A=B' is no name"},
        {"[[case]]\nskip = 1\n", "s.toml:2: 'skip' takes the reason"},
    };
    for (const Wrong& wrong : wrongs) {
        INFO(wrong.text);
        const std::string message = error_of(wrong.text);
        CHECK_THAT(message, Catch::StartsWith(wrong.message));
        CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("Every key of a case is set by something") {
    for (const std::string_view key : case_keys()) {
        INFO(key);
        // A date is the one type that no key takes.
        CHECK_THAT(error_of("[[case]]\n" + std::string(key) + " = 2020-01-01\n"),
                   Catch::Contains("'" + std::string(key) + "'") && !Catch::Contains("unknown"));
    }
}

}  // namespace
}  // namespace skiff::test_suite
