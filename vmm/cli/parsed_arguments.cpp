// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/parsed_arguments.h"
#include "base/suggestion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "vmm/cli/options_end.h"

namespace skiff::cli {
namespace {

// CLI11 gives a flag that is written without a value this one. It cannot come from argv, so that
// "--quiet=true" is told from "--quiet".
const std::string kFlagGiven = std::string("\0given", 6);

std::string see_help(const CommandSpec& command) {
    return fmt::format("see 'skiff {} --help'", command.name);
}

Error unknown_option(const CommandSpec& command, std::string_view given) {
    const std::string_view name = given.substr(0, given.find('='));
    std::vector<std::string_view> known;
    for (const OptionSpec& option : command.options) {
        known.push_back(option.long_name);
    }
    known.push_back(kHelpOption.long_name);
    const std::string_view meant =
        name.starts_with("--") ? nearest(name.substr(2), known) : std::string_view{};
    if (!meant.empty()) {
        return Error::user(fmt::format("unknown option {}: did you mean --{}?", name, meant));
    }
    return Error::user(fmt::format("unknown option {}: {}", name, see_help(command)));
}

/// Whether CLI11 left this over as something that looks like an option.
bool looks_like_option(std::string_view text) {
    return text.size() > 1 && text.front() == '-' && text != "--";
}

Error left_over(const CommandSpec& command, const std::vector<std::string>& rest) {
    const auto option = std::find_if(rest.begin(), rest.end(), looks_like_option);
    if (option != rest.end()) {
        return unknown_option(command, *option);
    }
    const std::string takes =
        command.arguments.empty()
            ? fmt::format("skiff {} takes options only", command.name)
            : fmt::format("skiff {} takes one {}", command.name, command.arguments.front().name);
    return Error::user(
        fmt::format("unexpected argument '{}': {}; {}", rest.front(), takes, see_help(command)));
}

/// "-m,--memory", in CLI11's notation; for flags each name with the value that it stands for.
std::string cli11_name(const OptionSpec& option) {
    const std::string suffix =
        option.value_use == ValueUse::kRequired ? std::string() : "{" + kFlagGiven + "}";
    std::string name = fmt::format("--{}{}", option.long_name, suffix);
    return option.short_name == '\0' ? name
                                     : fmt::format("-{}{},{}", option.short_name, suffix, name);
}

/// Whether the option's name is among the arguments, perhaps as the value of another option. CLI11
/// matches whole names only, so one that cannot occur need not be known: making an option costs 3
/// µs.
bool may_occur(const OptionSpec& option, std::span<const char* const> arguments) {
    return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
        if (argument.starts_with("--")) {
            const std::string_view name = argument.substr(2);
            return name.substr(0, name.find('=')) == option.long_name;
        }
        return option.short_name != '\0' && argument.starts_with('-') &&
               argument.find(option.short_name) != std::string_view::npos;
    });
}

/// The one file that knows CLI11: builds an App from one command's table.
class Parser {
  public:
    Parser(const CommandSpec& command, std::span<const char* const> arguments) : command_(command) {
        app_.set_help_flag();
        app_.allow_extras();
        options_.reserve(command.options.size() + command.arguments.size() + 1);
        for (const OptionSpec& option : command.options) {
            if (may_occur(option, arguments)) {
                add(option);
            }
        }
        if (may_occur(kHelpOption, arguments)) {
            add(kHelpOption);
        }
        for (const ArgumentSpec& argument : command.arguments) {
            CLI::Option* const option = app_.add_option(std::string(argument.name))->type_size(1);
            if (argument.repeatable) {
                option->expected(-1);  // CLI11 for: one or more
            }
            options_.push_back({argument.name, nullptr, option});
        }
    }

    Result<void> parse(std::vector<std::string> reversed_arguments) {
        try {
            app_.parse(std::move(reversed_arguments));
        } catch (const CLI::ArgumentMismatch& mismatch) {
            return missing_value(mismatch.what());
        } catch (const CLI::Error& failure) {
            return Error::user(failure.what());
        }
        std::vector<std::string> rest = app_.remaining();
        std::erase(rest, "--");
        if (!rest.empty()) {
            return left_over(command_, rest);
        }
        return {};
    }

    /// Calls `take` with (spec or nullptr for an argument, name, value) for everything given.
    template <typename Take>
    void for_each(Take take) const {
        for (const Registered& registered : options_) {
            for (const std::string& value : registered.option->results()) {
                take(registered.spec, registered.name, value);
            }
        }
    }

  private:
    struct Registered {
        std::string_view name;
        const OptionSpec* spec;
        CLI::Option* option;
    };

    void add(const OptionSpec& spec) {
        CLI::Option* option = nullptr;
        if (spec.value_use == ValueUse::kRequired) {
            option = app_.add_option(cli11_name(spec))->type_size(1);
        } else {
            option = app_.add_flag(cli11_name(spec));
        }
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        options_.push_back({spec.long_name, &spec, option});
    }

    /// CLI11's message begins with the option's long name and a colon.
    Error missing_value(std::string_view message) const {
        const std::string_view name = message.substr(0, message.find(':'));
        for (const Registered& registered : options_) {
            if (registered.spec != nullptr && name.ends_with(registered.name) &&
                name.size() == registered.name.size() + 2) {
                return Error::user(fmt::format("{} needs a value: --{} {}", name, registered.name,
                                               registered.spec->value_name));
            }
        }
        return Error::user(std::string(message));
    }

    const CommandSpec& command_;
    CLI::App app_;
    std::vector<Registered> options_;
};

/// CLI11 takes "--name=" for "--name" and would eat the argument after it: an empty value is handed
/// over as an argument of its own. Reversed, as CLI11 wants it.
std::vector<std::string> to_cli11(const CommandSpec& command,
                                  std::span<const char* const> arguments) {
    std::vector<std::string> result;
    result.reserve(arguments.size() + 2);
    for (const std::string_view argument : arguments) {
        const bool is_empty_value =
            argument.starts_with("--") && argument.ends_with('=') &&
            std::any_of(command.options.begin(), command.options.end(),
                        [&](const OptionSpec& spec) {
                            return spec.value_use == ValueUse::kRequired &&
                                   argument.substr(2, argument.size() - 3) == spec.long_name;
                        });
        if (is_empty_value) {
            result.emplace_back(argument.substr(0, argument.size() - 1));
            result.emplace_back();
        } else {
            result.emplace_back(argument);
        }
    }
    std::reverse(result.begin(), result.end());
    return result;
}

}  // namespace

Result<ParsedArguments> ParsedArguments::parse(const CommandSpec& command,
                                               std::span<const char* const> all_arguments) {
    const std::size_t end =
        command.command_words.empty() ? all_arguments.size() : options_end(command, all_arguments);
    const auto arguments = all_arguments.first(end);
    Parser parser(command, arguments);
    SKIFF_RETURN_IF_ERROR(parser.parse(to_cli11(command, arguments)));

    ParsedArguments parsed;
    if (end != all_arguments.size()) {
        const auto words = all_arguments.subspan(end + 1);
        parsed.words_.emplace(words.begin(), words.end());
    }
    std::optional<Error> wrong;
    parser.for_each([&](const OptionSpec* spec, std::string_view name, const std::string& value) {
        const bool is_flag = spec != nullptr && spec->value_use == ValueUse::kNone;
        if (is_flag && value != kFlagGiven) {
            wrong = Error::user(fmt::format("--{} takes no value: '{}' was given", name, value));
        }
        parsed.given_.push_back({name, value == kFlagGiven ? std::string() : value});
    });
    if (wrong.has_value()) {
        return *wrong;
    }
    for (const ArgumentSpec& argument : command.arguments) {
        if (argument.required && !parsed.has(argument.name) && !parsed.has("help")) {
            return Error::user(fmt::format("{} is missing: skiff {} {}; {}", argument.name,
                                           command.name, argument.name, see_help(command)));
        }
    }
    return parsed;
}

const std::string* ParsedArguments::last(std::string_view name) const {
    const auto found = std::find_if(given_.rbegin(), given_.rend(),
                                    [&](const Given& given) { return given.name == name; });
    return found == given_.rend() ? nullptr : &found->value;
}

std::vector<std::string_view> ParsedArguments::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Given& given : given_) {
        if (given.name == name) {
            values.push_back(given.value);
        }
    }
    return values;
}

}  // namespace skiff::cli
