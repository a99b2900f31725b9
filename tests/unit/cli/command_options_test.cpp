// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/command_options.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "command_line.h"

namespace skiff::cli {
namespace {

using SerialKind = machine::SerialConfig::Kind;
using Words = std::vector<std::string>;

RunOptions options_of(const std::vector<const char*>& arguments) {
    const auto options = parse_run(arguments);
    if (!options.ok()) {
        FAIL(options.error().message());
    }
    return *options;
}

Words words_of(const std::vector<const char*>& arguments) {
    return options_of(arguments).command.value_or(bundle::CommandRequest{}).words;
}

TEST_CASE("Command: all that is behind -- is the command's") {
    CHECK(words_of({"-k", "k", "--", "ls", "-l", "--help", "--", "-q"}) ==
          Words{"ls", "-l", "--help", "--", "-q"});
    CHECK(words_of({"k", "-c2", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "-c2", "--", "a", ""}) == Words{"a", ""});
    CHECK_FALSE(options_of({"k"}).command.has_value());
}

TEST_CASE("Command: a -- that is the value of an option does not begin it") {
    CHECK(words_of({"k", "-a", "--", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "-qa", "--", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "--append", "--", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "--append=x", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "-ax", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "-q", "--", "true"}) == Words{"true"});
    CHECK(words_of({"k", "--debug-exit", "--", "true"}) == Words{"true"});
    CHECK(config_of({"k", "-a", "--"}).extra_cmdline == "--");
}

TEST_CASE("Command: additions have a place in the guest or their own") {
    const auto addition = [](const char* text) { return parse_addition(text).value(); };
    CHECK(addition("a/b").host_path == "a/b");
    CHECK(addition("a/b").guest_path.empty());
    CHECK(addition("a:/etc/b").host_path == "a");
    CHECK(addition("a:/etc/b").guest_path == "/etc/b");
    CHECK(addition("a:b:/c").host_path == "a:b");
    CHECK(addition("a:b").host_path == "a:b");
    CHECK_FALSE(parse_addition(":/x").ok());
    CHECK_FALSE(parse_addition("").ok());
}

TEST_CASE("Command: variables have a value, or the one that is set here") {
    ::setenv("SKIFF_TEST_VARIABLE", "here", 1);
    const auto request = *options_of({"k", "--env", "A=b=c", "--env", "SKIFF_TEST_VARIABLE",
                                      "--env", "E=", "--", "true"})
                              .command;
    CHECK(request.environment == std::vector<std::pair<std::string, std::string>>{
                                     {"A", "b=c"}, {"SKIFF_TEST_VARIABLE", "here"}, {"E", ""}});
    CHECK(
        error_of({"k", "--env", "SKIFF_TEST_NOT_SET", "--", "true"}) ==
        "--env: SKIFF_TEST_NOT_SET is not set here: write SKIFF_TEST_NOT_SET=VALUE to give it one");
    CHECK(error_of({"k", "--env", "=x", "--", "true"}).find("has no name") != std::string::npos);
}

TEST_CASE("Command: the console is hidden, or on standard error with -v, unless it is named") {
    CHECK(config_of({"k", "--", "true"}).serial.kind == SerialKind::kNone);
    CHECK(config_of({"k", "-v", "--", "true"}).serial.kind == SerialKind::kStderr);
    CHECK(config_of({"k", "--serial", "stdio", "--", "true"}).serial.kind == SerialKind::kStderr);
    CHECK(config_of({"k", "--serial", "file=x", "--", "true"}).serial.path == "x");
    CHECK(config_of({"k"}).serial.kind == SerialKind::kStdio);
    CHECK(options_of({"k", "--", "true"}).log.level == log::Level::kWarning);
    CHECK(options_of({"k", "-v", "--", "true"}).log.level == log::Level::kDebug);
}

TEST_CASE("Command: kernel messages are kept for a report, unless the user has a level") {
    const auto level = [](const std::vector<const char*>& arguments) {
        return options_of(arguments).command->console_log_level;
    };
    CHECK(level({"k", "--", "true"}) == 7U);
    CHECK_FALSE(level({"k", "-a", "loglevel=3", "--", "true"}).has_value());
    CHECK_FALSE(level({"k", "-a", "ignore_loglevel", "--", "true"}).has_value());
}

TEST_CASE("Command: the machine is one for it, and ends with it") {
    const auto config = config_of({"k", "--cwd", "/w", "--root", "r", "--", "true"});
    REQUIRE(config.command.has_value());
    CHECK_FALSE(config.command->has_terminal);
    CHECK(config.grace.count() == 0);
    CHECK(config_of({"k", "--grace", "3", "--", "true"}).grace.count() == 3000);
    const auto request = *options_of({"k", "--cwd", "/w", "--root", "r", "--", "true"}).command;
    CHECK(request.working_folder == "/w");
    CHECK(request.root == "r");
}

TEST_CASE("Command: what cannot be together is refused") {
    CHECK(error_of({"k", "--"}) == "no command follows --: write -- COMMAND [ARGUMENT]...");
    CHECK(error_of({"k", "--", ""}) == "no command follows --: write -- COMMAND [ARGUMENT]...");
    for (const char* const option : {"--add=x", "--env=A=1", "--cwd=/", "--root=/"}) {
        CHECK(error_of({"k", option}).find("is for a command, but there is none") !=
              std::string::npos);
    }
    for (const char* const option : {"--initrd=x", "--console=virtio", "--flat=0x7c00"}) {
        CHECK(error_of({"k", option, "--", "true"}).find("and a command exclude each other") !=
              std::string::npos);
    }
    CHECK(error_of({"k", "--cwd", "relative", "--", "true"}).find("begin it with '/'") !=
          std::string::npos);
    CHECK(error_of({"--", "true"}).find("no kernel given") != std::string::npos);
}

}  // namespace
}  // namespace skiff::cli
