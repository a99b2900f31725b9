// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/help/help.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {
namespace {

TEST_CASE("A command's help names every option, argument, status and example") {
    for (const CommandSpec* command : all_commands()) {
        const std::string help = command_help(*command);
        INFO(help);
        for (const OptionSpec& option : command->options) {
            CHECK_THAT(help, Catch::Contains("--" + std::string(option.long_name)));
        }
        for (const ArgumentSpec& argument : command->arguments) {
            CHECK_THAT(help, Catch::Contains(std::string(argument.name)));
        }
        for (const StatusSpec& status : command->statuses) {
            CHECK_THAT(help, Catch::Contains("\n  " + std::string(status.status) + " "));
        }
        for (const ExampleSpec& example : command->examples) {
            CHECK_THAT(help, Catch::Contains(std::string(example.command)));
        }
        CHECK_THAT(help, Catch::Contains("--help"));
    }
}

TEST_CASE("The program's help lists all commands") {
    const std::string help = program_help();
    for (const CommandSpec* command : all_commands()) {
        CHECK_THAT(help, Catch::Contains("\n  " + std::string(command->name)));
    }
}

TEST_CASE("Help fits 80 columns") {
    std::string all = program_help();
    for (const CommandSpec* command : all_commands()) {
        all += command_help(*command);
    }
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(line.size() <= 80);
        CHECK((line.empty() || line.back() != ' '));
    }
}

TEST_CASE("Options of a group stand together and no name is used twice") {
    for (const CommandSpec* command : all_commands()) {
        std::vector<std::string_view> groups;
        std::vector<std::string_view> names = {kHelpOption.long_name};
        std::string letters(1, kHelpOption.short_name);
        for (const OptionSpec& option : command->options) {
            INFO(option.long_name);
            CHECK_FALSE(option.group.empty());
            CHECK_FALSE(option.help.empty());
            if (groups.empty() || groups.back() != option.group) {
                CHECK(std::find(groups.begin(), groups.end(), option.group) == groups.end());
                groups.push_back(option.group);
            }
            CHECK(std::find(names.begin(), names.end(), option.long_name) == names.end());
            names.push_back(option.long_name);
            if (option.short_name != '\0') {
                CHECK(letters.find(option.short_name) == std::string::npos);
                letters += option.short_name;
            }
        }
    }
}

}  // namespace
}  // namespace skiff::cli
