// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/case_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/suggestion.h"
#include "vmm/test_suite/requirement.h"
#include "vmm/test_suite/variables.h"

namespace skiff::test_suite {
namespace {

using Node = toml::node;
using Applied = Result<void>;
using Words = std::vector<std::string>;

Result<std::string> string_of(const Node& value) {
    const auto text = value.value_exact<std::string>();
    if (!text.has_value()) {
        return Error::user("takes a string");
    }
    if (text->find('\0') != std::string::npos) {
        return Error::user("holds a zero byte, which no argument can");
    }
    return *text;
}

/// A string, or an array of strings.
Result<Words> words_of(const Node& value) {
    Words words;
    if (const toml::array* const list = value.as_array()) {
        for (const Node& element : *list) {
            SKIFF_ASSIGN_OR_RETURN(std::string word, string_of(element));
            words.push_back(std::move(word));
        }
        return words;
    }
    Result<std::string> word = string_of(value);
    if (!word.ok()) {
        return Error::user("takes a string or an array of strings");
    }
    words.push_back(std::move(word).value());
    return words;
}

Result<Words> expanded_words_of(const Node& value) {
    SKIFF_ASSIGN_OR_RETURN(Words words, words_of(value));
    for (std::string& word : words) {
        SKIFF_ASSIGN_OR_RETURN(word, with_variables(word));
    }
    return words;
}

template <typename T>
Applied take(Result<T> result, auto& to) {
    if (!result.ok()) {
        return result.error();
    }
    to = std::move(result).value();
    return {};
}

Applied set_name(const Node& value, CaseDraft& draft) {
    SKIFF_ASSIGN_OR_RETURN(const std::string name, string_of(value));
    const bool visible = std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    });
    if (name.empty() || !visible) {
        return Error::user("takes a name without control characters");
    }
    draft.name = name;
    return {};
}

Applied set_folder(const Node& value, CaseDraft& draft) {
    SKIFF_ASSIGN_OR_RETURN(const std::string text, string_of(value));
    return take(with_variables(text), draft.folder);
}

Applied set_kernel(const Node& value, CaseDraft& draft) {
    SKIFF_ASSIGN_OR_RETURN(const std::string text, string_of(value));
    return take(with_variables(text), draft.kernel);
}

Applied set_initrd(const Node& value, CaseDraft& draft) {
    return take(expanded_words_of(value), draft.initrds);
}

Applied set_append(const Node& value, CaseDraft& draft) {
    return take(string_of(value), draft.append);
}

Applied set_cpus(const Node& value, CaseDraft& draft) {
    const auto count = value.value_exact<std::int64_t>();
    if (!count.has_value() || *count < 1) {
        return Error::user("takes a number of CPUs, 1 or more");
    }
    draft.cpus = std::to_string(*count);
    return {};
}

Applied set_memory(const Node& value, CaseDraft& draft) {
    const auto mebibytes = value.value_exact<std::int64_t>();
    if (mebibytes.has_value() && *mebibytes > 0) {
        draft.memory = std::to_string(*mebibytes);
        return {};
    }
    Result<std::string> text = string_of(value);
    if (!text.ok()) {
        return Error::user("takes a size such as \"256M\", or a number of MiB");
    }
    draft.memory = std::move(text).value();
    return {};
}

Applied set_args(const Node& value, CaseDraft& draft) {
    SKIFF_RETURN_IF_ERROR(take(expanded_words_of(value), draft.args));
    if (std::find(draft.args.begin(), draft.args.end(), "--") != draft.args.end()) {
        return Error::user("holds \"--\": what is to run in the guest belongs to 'command'");
    }
    return {};
}

/// Not expanded: "${HOME}" is the guest's shell's.
Applied set_command(const Node& value, CaseDraft& draft) {
    if (!value.is_array()) {
        return Error::user("takes an array of strings: the program and its arguments");
    }
    return take(words_of(value), draft.command);
}

Applied set_env(const Node& value, CaseDraft& draft) {
    const toml::table* const table = value.as_table();
    if (table == nullptr) {
        return Error::user("takes a table of strings: { NAME = \"value\" }");
    }
    draft.environment.clear();
    for (const auto& [name, text] : *table) {
        SKIFF_ASSIGN_OR_RETURN(const std::string content, string_of(text));
        if (name.str().empty() || name.str().find('=') != std::string_view::npos) {
            return Error::user(fmt::format("'{}' is no name of a variable", name.str()));
        }
        draft.environment.push_back(fmt::format("{}={}", name.str(), content));
    }
    return {};
}

Applied set_timeout(const Node& value, CaseDraft& draft) {
    constexpr double kLongest = 366.0 * 24 * 60 * 60;
    const auto seconds = value.is_number() ? value.value<double>() : std::nullopt;
    if (!seconds.has_value() || !(*seconds >= 0.001) || *seconds > kLongest) {
        return Error::user("takes a number of seconds, more than 0 and at most a year");
    }
    draft.timeout = std::chrono::milliseconds(std::llround(*seconds * 1000));
    return {};
}

Applied add_expected(const Node& value, Expectation& expectation) {
    if (const auto status = value.value_exact<std::int64_t>()) {
        return expectation.add_status(*status);
    }
    if (const auto word = value.value_exact<std::string>()) {
        return expectation.add_word(*word);
    }
    return Error::user("takes a status (0 to 255), a word such as \"panic\", or an array of them");
}

Applied set_expect(const Node& value, CaseDraft& draft) {
    Expectation expectation;
    if (const toml::array* const list = value.as_array()) {
        for (const Node& element : *list) {
            SKIFF_RETURN_IF_ERROR(add_expected(element, expectation));
        }
    } else {
        SKIFF_RETURN_IF_ERROR(add_expected(value, expectation));
    }
    draft.expectation = std::move(expectation);
    return {};
}

Result<std::vector<Pattern>> patterns_of(const Node& value) {
    SKIFF_ASSIGN_OR_RETURN(const Words words, words_of(value));
    std::vector<Pattern> patterns;
    for (const std::string& word : words) {
        SKIFF_ASSIGN_OR_RETURN(Pattern pattern, Pattern::compile(word));
        patterns.push_back(std::move(pattern));
    }
    return patterns;
}

Applied set_output(const Node& value, CaseDraft& draft) {
    return take(patterns_of(value), draft.output.must_match);
}

Applied set_forbid(const Node& value, CaseDraft& draft) {
    return take(patterns_of(value), draft.output.must_not_match);
}

Applied set_contains(const Node& value, CaseDraft& draft) {
    SKIFF_ASSIGN_OR_RETURN(Words words, words_of(value));
    if (std::any_of(words.begin(), words.end(),
                    [](const std::string& word) { return word.find('\n') != std::string::npos; })) {
        return Error::user("is looked for line by line: write a string for each line");
    }
    draft.output.must_contain = std::move(words);
    return {};
}

Applied set_skip(const Node& value, CaseDraft& draft) {
    if (const auto skipped = value.value_exact<bool>()) {
        draft.skip = *skipped ? std::optional<std::string>("skip = true") : std::nullopt;
        return {};
    }
    Result<std::string> reason = string_of(value);
    if (!reason.ok()) {
        return Error::user("takes the reason as a string, or true or false");
    }
    draft.skip = std::move(reason).value();
    return {};
}

Applied set_requires(const Node& value, CaseDraft& draft) {
    SKIFF_ASSIGN_OR_RETURN(Words words, expanded_words_of(value));
    for (const std::string& word : words) {
        SKIFF_RETURN_IF_ERROR(check_requirement_form(word));
    }
    draft.requirements = std::move(words);
    return {};
}

struct Key {
    std::string_view name;
    Applied (*set)(const Node& value, CaseDraft& draft);
};

/// docs/testing-guests.md has this table for people.
constexpr std::array kKeys = {
    Key{"name", set_name},     Key{"folder", set_folder},     Key{"kernel", set_kernel},
    Key{"initrd", set_initrd}, Key{"append", set_append},     Key{"cpus", set_cpus},
    Key{"memory", set_memory}, Key{"args", set_args},         Key{"command", set_command},
    Key{"env", set_env},       Key{"timeout", set_timeout},   Key{"expect", set_expect},
    Key{"output", set_output}, Key{"contains", set_contains}, Key{"forbid", set_forbid},
    Key{"skip", set_skip},     Key{"requires", set_requires},
};

}  // namespace

std::vector<std::string_view> case_keys() {
    std::vector<std::string_view> names;
    names.reserve(kKeys.size());
    for (const Key& key : kKeys) {
        names.push_back(key.name);
    }
    return names;
}

Result<void> set_case_key(std::string_view key, const toml::node& value, CaseDraft& draft) {
    const auto* const known = std::find_if(
        kKeys.begin(), kKeys.end(), [&](const Key& candidate) { return candidate.name == key; });
    if (known == kKeys.end()) {
        const std::vector<std::string_view> names = case_keys();
        const std::string_view meant = nearest(key, names);
        return Error::user(
            meant.empty()
                ? fmt::format("unknown key '{}': a case has {}", key, fmt::join(names, ", "))
                : fmt::format("unknown key '{}': did you mean '{}'?", key, meant));
    }
    const Applied applied = known->set(value, draft);
    return applied.ok() ? applied
                        : Error::user(fmt::format("'{}' {}", key, applied.error().message()));
}

}  // namespace skiff::test_suite
