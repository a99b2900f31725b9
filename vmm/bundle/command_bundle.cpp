// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/command_bundle.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/units.h"
#include "boot/initramfs/cpio_writer.h"
#include "boot/initramfs/file_tree.h"
#include "guest-init/guest_init.h"
#include "guest-init/orders.h"
#include "vmm/bundle/orders.h"
#include "vmm/bundle/program_file.h"
#include "vmm/bundle/programs.h"
#include "vmm/bundle/root_folder.h"

namespace skiff::bundle {
namespace {

using boot::initramfs::FileTree;

constexpr const char* kArchiveName = "the command's initramfs";
// A guest unpacks an initramfs byte by byte, and keeps all of it in memory; of a disk it reads what
// it needs.
constexpr std::uint64_t kLargestPackedRoot = 16 * kMiB;

/// What every guest has; nothing that is there already is changed.
Result<void> add_base(FileTree& tree) {
    const auto program = guest_init_program();
    SKIFF_RETURN_IF_ERROR(tree.add_folder(SKIFF_FOLDER, 0700));
    SKIFF_RETURN_IF_ERROR(
        tree.add_text(SKIFF_INIT_PATH, std::string(program.begin(), program.end()), 0755));
    if (tree.find("/dev/console") == nullptr) {
        SKIFF_RETURN_IF_ERROR(tree.add_character_device("/dev/console", 0600, 5, 1));
    }
    return {};
}

/// The folders and files that programs expect of any system.
Result<void> add_system_files(FileTree& tree) {
    for (const char* const folder : {"/proc", "/sys", "/etc", "/root", "/run", "/var"}) {
        SKIFF_RETURN_IF_ERROR(tree.add_folder(folder));
    }
    SKIFF_RETURN_IF_ERROR(tree.add_folder("/tmp", 01777));
    SKIFF_RETURN_IF_ERROR(tree.add_folder("/var/tmp", 01777));
    SKIFF_RETURN_IF_ERROR(tree.add_text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"));
    return tree.add_text("/etc/group", "root:x:0:\n");
}

bool is_shell(const std::string& program) {
    constexpr std::array<std::string_view, 7> kShells = {"sh",   "ash", "bash", "busybox",
                                                         "dash", "ksh", "zsh"};
    const std::string name = std::filesystem::path(program).filename().string();
    return std::find(kShells.begin(), kShells.end(), name) != kShells.end();
}

bool is_script(const std::string& program) {
    const auto file = File::open(program);
    const auto kind = file.ok() ? inspect_program(*file) : Result<ProgramFile>(file.error());
    return kind.ok() && kind->kind == ProgramFile::Kind::kScript;
}

/// The host's files that the tree has.
std::set<std::string> sources_of(const FileTree& tree) {
    std::set<std::string> sources;
    for (const auto& [path, node] : tree.nodes()) {
        if (!node.source.empty()) {
            sources.insert(node.source);
        }
    }
    return sources;
}

Result<void> add_additions(FileTree& tree, const CommandRequest& request, Programs& programs) {
    const std::set<std::string> before = sources_of(tree);
    HostFiles files(tree);
    for (const Addition& addition : request.additions) {
        std::string guest_path = addition.guest_path;
        if (guest_path.empty()) {
            // With the links that lead there.
            SKIFF_ASSIGN_OR_RETURN(const std::string path, absolute_path(addition.host_path));
            const Result<std::string> real = files.add(path);
            if (!real.ok()) {
                return real.error().with_context("--add");
            }
            guest_path = *real;
        }
        if (const auto added = files.add_at(addition.host_path, guest_path); !added.ok()) {
            return added.error().with_context("--add");
        }
    }
    if (request.root.has_value()) {
        return {};  // whose programs have what they need there
    }
    for (const std::string& source : sources_of(tree)) {
        if (before.count(source) != 0) {
            continue;
        }
        if (const auto added = programs.add_needs_of(source); !added.ok()) {
            return added.error().with_context("--add");
        }
    }
    return {};
}

/// Where the command runs when nobody says so.
std::string working_folder(const CommandRequest& request) {
    if (!request.working_folder.empty()) {
        return request.working_folder;
    }
    std::error_code failure;
    const std::string current = std::filesystem::current_path(failure).string();
    return request.root.has_value() || failure ? "/" : current;
}

/// The program of the command, packed with what it needs. A name that the host does not have may be
/// one of its busybox's.
Result<std::string> add_command(FileTree& tree, const std::string& word, Programs& programs) {
    const Result<std::string> path = Programs::find(word);
    if (path.ok()) {
        SKIFF_RETURN_IF_ERROR(programs.add(*path));
        return *path;
    }
    if (path.error().kind() == ErrorKind::kCommandNotFound && word.find('/') == std::string::npos) {
        SKIFF_ASSIGN_OR_RETURN(const std::string busybox, find_busybox_applet(word));
        if (!busybox.empty()) {
            SKIFF_RETURN_IF_ERROR(HostFiles(tree).add(busybox));
            return busybox;
        }
    }
    return path.error();
}

Result<CommandBundle> finish(FileTree tree, const CommandRequest& request,
                             const GuestCommand& command, std::shared_ptr<const File> disk) {
    SKIFF_ASSIGN_OR_RETURN(std::string orders, write_orders(request, command));
    SKIFF_RETURN_IF_ERROR(add_base(tree));
    SKIFF_RETURN_IF_ERROR(tree.add_text(SKIFF_ORDERS_PATH, std::move(orders), 0600));
    SKIFF_ASSIGN_OR_RETURN(File archive, boot::initramfs::write_cpio(tree, kArchiveName));
    return CommandBundle{std::make_shared<const File>(std::move(archive)), std::move(disk)};
}

Result<CommandBundle> bundle_from_host(const CommandRequest& request) {
    FileTree tree;
    Programs programs(tree);
    GuestCommand command{.program = {}, .working_folder = working_folder(request), .root_disk = {}};
    SKIFF_RETURN_IF_ERROR(add_system_files(tree));
    SKIFF_ASSIGN_OR_RETURN(command.program, add_command(tree, request.words.front(), programs));
    SKIFF_RETURN_IF_ERROR(add_additions(tree, request, programs));
    const bool has_shell =
        request.interactive || is_shell(command.program) || is_script(command.program);
    SKIFF_RETURN_IF_ERROR(add_busybox(tree, has_shell));
    return finish(std::move(tree), request, command, nullptr);
}

Result<CommandBundle> bundle_root(const CommandRequest& request, const GuestFacts& guest) {
    SKIFF_ASSIGN_OR_RETURN(const RootFolder root, RootFolder::open(*request.root));
    GuestCommand command{.program = {}, .working_folder = working_folder(request), .root_disk = {}};
    SKIFF_ASSIGN_OR_RETURN(command.program,
                           root.find_program(request.words.front(), command.working_folder));
    SKIFF_ASSIGN_OR_RETURN(const RootFolder::Size size, root.measure());
    FileTree tree;
    if (size.bytes > kLargestPackedRoot && guest.can_use_disk && request.additions.empty()) {
        SKIFF_ASSIGN_OR_RETURN(File disk, root.make_disk(size));
        command.root_disk = guest.root_disk_device;
        return finish(std::move(tree), request, command,
                      std::make_shared<const File>(std::move(disk)));
    }
    if (const auto added = HostFiles(tree).add_at(root.path(), "/"); !added.ok()) {
        return added.error().with_context("--root");
    }
    Programs programs(tree);
    SKIFF_RETURN_IF_ERROR(add_additions(tree, request, programs));
    return finish(std::move(tree), request, command, nullptr);
}

}  // namespace

Result<CommandBundle> bundle_command(const CommandRequest& request, const GuestFacts& guest) {
    return request.root.has_value() ? bundle_root(request, guest) : bundle_from_host(request);
}

}  // namespace skiff::bundle
