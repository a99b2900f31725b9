// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "command_line.h"

namespace skiff::cli {
namespace {

struct Case {
    std::vector<const char*> arguments;
    /// Everything that the message must say.
    std::vector<const char*> says;
};

TEST_CASE("A wrong command line is told what, where and what to do") {
    const auto row = GENERATE(values<Case>({
        {{}, {"no kernel given", "skiff run KERNEL"}},
        {{""}, {"KERNEL", "the path is empty"}},
        {{"a", "-k", "b"}, {"two kernels given", "'a'", "'b'"}},
        {{"a", "b"}, {"unexpected argument 'b'", "takes one KERNEL", "--help"}},
        {{"k", "--memmory", "1G"}, {"unknown option --memmory", "did you mean --memory?"}},
        {{"--memmory", "1G", "k"}, {"unknown option --memmory", "did you mean --memory?"}},
        {{"k", "--memmory=1G"}, {"unknown option --memmory:", "did you mean --memory?"}},
        {{"k", "--cpu", "2"}, {"unknown option --cpu", "did you mean --cpus?"}},
        {{"k", "--zzzzzzzz"}, {"unknown option --zzzzzzzz", "skiff run --help"}},
        {{"k", "-x"}, {"unknown option -x", "skiff run --help"}},
        {{"k", "-m"}, {"--memory needs a value", "SIZE"}},
        {{"k", "--kernel"}, {"--kernel needs a value", "FILE"}},
        {{"k", "-i", ""}, {"--initrd", "the path is empty"}},
        {{"k", "-m", "lots"}, {"--memory", "'lots' is not a size", "256M"}},
        {{"k", "-m", "1X"}, {"--memory", "'1X'", "not a unit"}},
        {{"k", "-m", "-1"}, {"--memory", "'-1' is not a size"}},
        {{"k", "-m", "0"}, {"-m takes"}},
        {{"k", "-m", "99999999999999999999"}, {"--memory", "64 bits"}},
        {{"k", "-m", "17592186044417"}, {"--memory", "64 bits"}},
        {{"k", "-c", "0"}, {"0 vCPUs", "1 to 254"}},
        {{"k", "-c", "255"}, {"255 vCPUs", "1 to 254"}},
        {{"k", "-c", "two"}, {"--cpus", "'two' is not a count"}},
        {{"k", "-c", "2x"}, {"--cpus", "'2x' is not a count"}},
        {{"k", "-c", "4294967297"}, {"--cpus", "'4294967297' is not a count"}},
        {{"k", "--timeout", "0"}, {"--timeout", "at once"}},
        {{"k", "--timeout", "soon"}, {"--timeout", "'soon' is not a number of seconds"}},
        {{"k", "--timeout", "1."}, {"--timeout", "'1.' is not"}},
        {{"k", "--timeout", ".5"}, {"--timeout", "'.5' is not"}},
        {{"k", "--timeout", "1.2345"}, {"--timeout", "'1.2345' is not"}},
        {{"k", "--timeout", "99999999999"}, {"--timeout", "at most a year"}},
        {{"k", "--grace", "-1"}, {"--grace", "'-1' is not a number of seconds"}},
        {{"k", "--console", "vga"}, {"--console", "'vga'", "serial, virtio or none"}},
        {{"k", "--console", "none", "--serial", "pty"}, {"--console none", "--serial"}},
        {{"k", "--port", "name"}, {"--port", "'name'", "NAME=PATH"}},
        {{"k", "--port", "name="}, {"--port", "'name='", "NAME=PATH"}},
        {{"k", "--port", "a=unix="}, {"--port", "no path", "NAME=PATH"}},
        {{"k", "--port", "..=x"}, {"--port", "'..'", "no name"}},
        {{"k", "--port", "a=x", "--port", "a=y"}, {"--port", "two ports", "'a'"}},
        {{"k", "--serial", "tcp"}, {"--serial", "'tcp'", "unix=PATH"}},
        {{"k", "--serial", "file"}, {"--serial", "'file' needs a path", "file=PATH"}},
        {{"k", "--serial", "unix="}, {"--serial", "'unix=' needs a path"}},
        {{"k", "--serial", "pty=x"}, {"--serial", "'pty=x' is not"}},
        {{"k", "--fail-on", "error"}, {"--fail-on", "'error'", "panic, oops or warn"}},
        {{"k", "--silence-timeout", "0"}, {"--silence-timeout", "at once"}},
        {{"k", "--trace", "all"}, {"--trace", "'all'", "exits, devices"}},
        {{"k", "--trace", "exits,"}, {"--trace", "'exits,'"}},
        {{"k", "--trace", ""}, {"--trace", "exits, devices"}},
        {{"k", "--trace", "exits="}, {"--trace", "path is empty"}},
        {{"k", "--entry", "efi"}, {"--entry", "'efi'", "pvh, multiboot, linux64 or linux32"}},
        {{"k", "--memory-backing", "disk"}, {"--memory-backing", "'disk'", "memfd"}},
        {{"k", "--memory-backing", "anon,fast"}, {"--memory-backing", "'anon,fast'"}},
        {{"k", "--memory-backing", "anon,thp,"}, {"--memory-backing", "'anon,thp,'"}},
        {{"k", "--memory-backing", "hugetlb=4K"}, {"--memory-backing", "'hugetlb=4K'", "2M|1G"}},
        {{"k", "--debug-exit=port"}, {"--debug-exit", "'port' is not an I/O port"}},
        {{"k", "--debug-exit=0x10000"}, {"--debug-exit", "0 to 0xffff"}},
        {{"k", "--no-acpi=yes"}, {"--no-acpi takes no value", "'yes'"}},
        {{"k", "--dry-run=xml"}, {"--dry-run", "'xml'", "toml or json"}},
        {{"k", "-q", "-v"}, {"--quiet and --verbose exclude each other"}},
    }));
    std::string line = "skiff run";
    for (const char* argument : row.arguments) {
        line += std::string(" ") + argument;
    }
    INFO(line);
    const Result<RunOptions> result = parse_run(row.arguments);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind() == ErrorKind::kUser);
    for (const char* part : row.says) {
        CHECK_THAT(result.error().message(), Catch::Contains(part));
    }
    CHECK_THAT(result.error().message(), !Catch::Contains("\n"));
}

TEST_CASE("Help among the arguments needs no kernel and no right values") {
    CHECK(ParsedArguments::parse(kInspectCommand, std::vector<const char*>{"-h"})->has("help"));
    CHECK(ParsedArguments::parse(kRunCommand, std::vector<const char*>{"-m", "x", "--help"})
              ->has("help"));
}

TEST_CASE("A required argument that is missing is named") {
    const auto result = ParsedArguments::parse(kInspectCommand, {});
    REQUIRE_FALSE(result.ok());
    CHECK_THAT(result.error().message(), Catch::Contains("FILE is missing"));
}

}  // namespace
}  // namespace skiff::cli
