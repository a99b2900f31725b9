// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

/// What the command line looks like, as data. One table a command is the single source of parsing,
/// --help, the man page and the shell completions.
namespace skiff::cli {

/// What a shell should offer as the value of an option or argument.
enum class Completion {
    kNothing,
    kFile,
    kChoices,  ///< The words in `choices`; one that ends in '=' or ',' is to be continued.
};

/// Whether an option takes a value.
enum class ValueUse {
    kNone,      ///< A flag.
    kRequired,  ///< `--name VALUE` or `--name=VALUE`.
    kOptional,  ///< `--name` or `--name=VALUE`, so that a following argument is never its value.
};

struct OptionSpec {
    std::string_view long_name;  ///< Without dashes.
    char short_name = '\0';      ///< '\0' where there is none.
    ValueUse value_use = ValueUse::kNone;
    std::string_view value_name = {};  ///< As help shows it: "SIZE".
    Completion completion = Completion::kNothing;
    std::string_view choices = {};  ///< Separated by blanks, for Completion::kChoices.
    /// What leaving the option out means, in the form that the option takes; a test compares it.
    std::string_view default_value = {};
    /// kRequired options that may be given several times keep all values; others the last.
    bool repeatable = false;
    std::string_view group = {};  ///< Heading in the help; options of a group stand together.
    std::string_view help = {};   ///< One or more sentences, without a line break.
};

/// The options of one part of a table and then those of another.
template <std::size_t N, std::size_t M>
constexpr std::array<OptionSpec, N + M> joined(const std::array<OptionSpec, N>& first,
                                               const std::array<OptionSpec, M>& second) {
    std::array<OptionSpec, N + M> all{};
    for (std::size_t i = 0; i < N + M; ++i) {
        all[i] = i < N ? first[i] : second[i - N];
    }
    return all;
}

/// An argument without a dash. All are optional to the parser.
struct ArgumentSpec {
    std::string_view name;  ///< As help shows it: "KERNEL".
    bool required = false;
    /// All arguments that are left belong to it; only for the last one of a command.
    bool repeatable = false;
    Completion completion = Completion::kNothing;
    std::string_view choices = {};
    std::string_view help = {};
};

struct ExampleSpec {
    std::string_view command;
    std::string_view explanation;
};

struct StatusSpec {
    std::string_view status;
    std::string_view meaning;
};

struct CommandSpec {
    std::string_view name;
    std::string_view summary;      ///< One line, lower case, no full stop.
    std::string_view description;  ///< Paragraphs, separated by a line break.
    std::span<const ArgumentSpec> arguments;
    std::span<const OptionSpec> options;  ///< Without --help, which every command has.
    std::span<const StatusSpec> statuses;
    std::span<const ExampleSpec> examples;
    /// What may follow "--", as the usage line shows it: "COMMAND [ARGUMENT]..."; all of it is one
    /// command then. Empty: "--" only says that what follows are no options.
    std::string_view command_words = {};
};

/// -h, --help: part of every command.
inline constexpr OptionSpec kHelpOption = {
    .long_name = "help",
    .short_name = 'h',
    .group = "Help",
    .help = "Print this help and exit.",
};

/// All commands, in the order in which help lists them.
std::span<const CommandSpec* const> all_commands();

/// The command with this name, or nullptr.
const CommandSpec* find_command(std::string_view name);

/// Examples and statuses for the program's own help and man page.
std::span<const ExampleSpec> program_examples();

}  // namespace skiff::cli
