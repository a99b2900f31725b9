// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/help/man_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "vmm/cli/help/text_layout.h"
#include "vmm/cli/version.h"

namespace skiff::cli {
namespace {

/// Text as roff prints it literally: no escape, no request, and dashes that can be copied.
std::string roff(std::string_view text) {
    std::string result;
    if (text.starts_with('.') || text.starts_with('\'')) {
        result += "\\&";
    }
    for (const char c : text) {
        switch (c) {
            case '\\':
                result += "\\e";
                break;
            case '-':
                result += "\\-";
                break;
            case '\'':
                result += "\\(aq";
                break;
            case '\n':
                result += "\n.PP\n";
                break;
            default:
                result += c;
        }
    }
    return result;
}

/// `title` in capitals, as man pages have it.
std::string head(std::string_view title) {
    std::string capitals(title);
    std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return fmt::format(".TH \"{}\" 1 \"\" \"skiff {}\" \"skiff manual\"\n", roff(capitals),
                       roff(kVersion.substr(0, kVersion.find(' '))));
}

/// A tagged paragraph, its tag in bold.
void append_tagged(std::string& to, std::string_view tag, std::string_view text) {
    to += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(tag), roff(text));
}

void append_options(std::string& to, const CommandSpec& command) {
    to += ".SH OPTIONS\n";
    std::string_view group;
    for (const OptionSpec& option : command.options) {
        if (option.group != group) {
            group = option.group;
            to += fmt::format(".SS {}\n", roff(group));
        }
        const std::string heading = option_heading(option);
        append_tagged(to, std::string_view(heading).substr(heading.find_first_not_of(' ')),
                      option_help(option));
    }
    to += fmt::format(".SS {}\n", roff(kHelpOption.group));
    append_tagged(to, option_heading(kHelpOption), kHelpOption.help);
}

void append_examples(std::string& to, std::span<const ExampleSpec> examples) {
    if (examples.empty()) {
        return;
    }
    to += ".SH EXAMPLES\n";
    for (const ExampleSpec& example : examples) {
        to += fmt::format(".PP\n{}\n.PP\n.RS 4\n.EX\n{}\n.EE\n.RE\n", roff(example.explanation),
                          roff(example.command));
    }
}

void append_see_also(std::string& to, const CommandSpec* except) {
    std::string pages = except == nullptr ? "" : "\\fBskiff\\fR(1)";
    for (const CommandSpec* command : all_commands()) {
        if (command != except) {
            pages +=
                fmt::format("{}\\fBskiff\\-{}\\fR(1)", pages.empty() ? "" : ", ", command->name);
        }
    }
    to += fmt::format(".SH SEE ALSO\n{}\n", pages);
}

}  // namespace

std::string program_man_page() {
    std::string page = head("SKIFF");
    page += ".SH NAME\nskiff \\- lightweight virtual machine monitor for KVM\n";
    page += ".SH SYNOPSIS\n\\fBskiff\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n";
    page += ".SH DESCRIPTION\nskiff boots Linux in lightweight virtual machines on KVM.\n";
    page += ".SH COMMANDS\n";
    for (const CommandSpec* command : all_commands()) {
        append_tagged(page, fmt::format("skiff {}", command->name), command->summary);
    }
    page += ".SH OPTIONS\n";
    append_tagged(page, "-h, --help", "Print help and exit.");
    append_tagged(page, "-V, --version", "Print the version and exit.");
    append_examples(page, program_examples());
    append_see_also(page, nullptr);
    return page;
}

std::string command_man_page(const CommandSpec& command) {
    std::string page = head(fmt::format("SKIFF-{}", command.name));
    page += fmt::format(".SH NAME\nskiff\\-{} \\- {}\n", command.name, roff(command.summary));
    page += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR\n", roff(usage_line(command)));
    page += fmt::format(".SH DESCRIPTION\n{}\n", roff(command.description));
    if (!command.arguments.empty()) {
        page += ".SH ARGUMENTS\n";
        for (const ArgumentSpec& argument : command.arguments) {
            append_tagged(page, argument.name, argument.help);
        }
    }
    append_options(page, command);
    if (!command.statuses.empty()) {
        page += ".SH EXIT STATUS\n";
        for (const StatusSpec& status : command.statuses) {
            append_tagged(page, status.status, status.meaning);
        }
    }
    append_examples(page, command.examples);
    append_see_also(page, &command);
    return page;
}

}  // namespace skiff::cli
