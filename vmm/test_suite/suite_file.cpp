// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/suite_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "base/toml.h"
#include "base/units.h"
#include "vmm/test_suite/case_keys.h"

namespace skiff::test_suite {
namespace {

constexpr std::uint64_t kLargestFile = 16 * kMiB;

Error at(const std::string& path, const toml::source_position& place, const Error& error) {
    return error.with_context(fmt::format("{}:{}", path, place.line));
}

Error wrong(const std::string& path, const toml::node& node, const std::string& message) {
    return at(path, node.source().begin, Error::user(message));
}

std::string stem_of(const std::string& path) {
    return std::filesystem::path(path).stem().string();
}

Result<void> read_keys(const toml::table& table, const std::string& path, CaseDraft& draft) {
    for (const auto& [key, value] : table) {
        const Result<void> set = set_case_key(key.str(), value, draft);
        if (!set.ok()) {
            return at(path, key.source().begin, set.error());
        }
    }
    return {};
}

TestCase to_case(CaseDraft draft, const std::string& suite, const std::string& path,
                 std::string origin) {
    TestCase test;
    test.suite = suite;
    test.name =
        draft.name.value_or(std::filesystem::path(draft.kernel.value_or("")).filename().string());
    test.origin = std::move(origin);
    test.arguments = draft.run_arguments();
    test.environment = std::move(draft.environment);
    const std::filesystem::path beside = std::filesystem::path(path).parent_path();
    test.folder = (draft.folder.has_value() ? beside / *draft.folder : beside).string();
    test.timeout = draft.timeout;
    test.expectation = std::move(draft.expectation);
    test.output = std::move(draft.output);
    test.skip = std::move(draft.skip);
    test.requirements = std::move(draft.requirements);
    return test;
}

/// A suite's file, once it is known to be TOML.
class SuiteReader {
  public:
    SuiteReader(const toml::table& root, const std::string& path) : root_(root), path_(path) {}

    Result<std::vector<TestCase>> read() {
        suite_ = stem_of(path_);
        const toml::node* cases = nullptr;
        for (const auto& [key, value] : root_) {
            if (key == "case") {
                cases = &value;
            } else if (key == "defaults" && value.is_table()) {
                SKIFF_RETURN_IF_ERROR(read_defaults(*value.as_table()));
            } else if (const Result<void> set = set_top_key(key.str(), value); !set.ok()) {
                return at(path_, key.source().begin, set.error());
            }
        }
        const toml::array* const list = cases != nullptr ? cases->as_array() : nullptr;
        if (list == nullptr || list->empty()) {
            return Error::user(path_ + ": has no case: begin each with a line [[case]]");
        }
        std::vector<TestCase> result;
        for (const toml::node& node : *list) {
            SKIFF_ASSIGN_OR_RETURN(TestCase test, read_case(node));
            result.push_back(std::move(test));
        }
        return result;
    }

  private:
    Result<void> read_defaults(const toml::table& table) {
        if (const toml::node* const name = table.get("name")) {
            return wrong(path_, *name, "[defaults] cannot have a 'name': each case has its own");
        }
        return read_keys(table, path_, defaults_);
    }

    Result<void> set_top_key(std::string_view key, const toml::node& value) {
        const auto text = value.value_exact<std::string>();
        if (key == "name" && text.has_value() && !text->empty()) {
            suite_ = *text;
            return {};
        }
        return Error::user(fmt::format(
            "'{}' has no place here: a suite has a name (a string), [defaults] and [[case]]", key));
    }

    Result<TestCase> read_case(const toml::node& node) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            return wrong(path_, node, "a case is a table: begin it with a line [[case]]");
        }
        CaseDraft draft = defaults_;
        SKIFF_RETURN_IF_ERROR(read_keys(*table, path_, draft));
        TestCase test = to_case(std::move(draft), suite_, path_,
                                fmt::format("{}:{}", path_, node.source().begin.line));
        if (test.name.empty()) {
            return wrong(path_, node, "the case has neither a name nor a kernel");
        }
        if (!names_.insert(test.name).second) {
            return wrong(
                path_, node,
                fmt::format("there is a case '{}' before: name one of them anew", test.name));
        }
        return test;
    }

    const toml::table& root_;
    const std::string& path_;
    std::string suite_;
    CaseDraft defaults_;
    std::set<std::string> names_;
};

}  // namespace

Result<std::vector<TestCase>> parse_suite(std::string_view text, const std::string& path) {
    const toml::parse_result parsed = toml::parse(text, std::string_view(path));
    if (parsed.failed()) {
        const toml::parse_error& failure = parsed.error();
        return at(path, failure.source().begin, Error::user(std::string(failure.description())));
    }
    return SuiteReader(parsed.table(), path).read();
}

Result<std::vector<TestCase>> read_suite(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    if (file.size_bytes() > kLargestFile) {
        return Error::user(
            fmt::format("'{}' is too large for a suite: {}", path, format_size(file.size_bytes())));
    }
    SKIFF_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> bytes,
                           file.read_up_to(0, file.size_bytes()));
    return parse_suite({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

}  // namespace skiff::test_suite
