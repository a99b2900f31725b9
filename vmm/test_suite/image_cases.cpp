// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/image_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "boot/inspect.h"

namespace skiff::test_suite {
namespace {

namespace fs = std::filesystem;

TestCase make_case(const std::string& path, const std::string& suite, const std::string& name) {
    TestCase test;
    test.suite = suite;
    test.name = name;
    test.origin = path;
    test.arguments = {"--kernel", path};
    return test;
}

/// "build/payloads/" is called "payloads".
std::string folder_name(const fs::path& path) {
    const fs::path whole = path.lexically_normal();
    const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename();
    return name.empty() || name == "." ? "images" : name;
}

Result<std::vector<fs::path>> files_below(const std::string& path) {
    std::vector<fs::path> files;
    std::error_code failure;
    fs::recursive_directory_iterator entry(path, failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        const bool hidden = entry->path().filename().string().starts_with('.');
        if (hidden && entry->is_directory(failure)) {
            entry.disable_recursion_pending();
        } else if (!hidden && entry->is_regular_file(failure)) {
            files.push_back(entry->path());
        }
    }
    if (failure) {
        return Error::user(fmt::format("cannot list '{}': {}", path, failure.message()));
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Result<std::vector<TestCase>> cases_of_folder(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const std::vector<fs::path> files, files_below(path));
    std::vector<TestCase> cases;
    for (const fs::path& file : files) {
        const Result<boot::Inspection> found = boot::inspect(file.string());
        if (found.ok() && found->bootable) {
            cases.push_back(make_case(file.string(), folder_name(path),
                                      file.lexically_relative(path).string()));
        }
    }
    if (cases.empty()) {
        return Error::user(fmt::format("'{}' has no bootable image in it", path));
    }
    return cases;
}

Result<TestCase> case_of_image(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const boot::Inspection found, boot::inspect(path));
    if (!found.bootable) {
        return Error::user(fmt::format("'{}' is {}: {}", path, found.description, found.obstacle));
    }
    return make_case(path, "images", fs::path(path).filename().string());
}

}  // namespace skiff::test_suite
