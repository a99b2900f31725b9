// SPDX-License-Identifier: Apache-2.0
#include "boot/fdt/fdt_writer.h"

#include <fmt/format.h>
#include <libfdt.h>

#include "base/check.h"

namespace skiff::boot::fdt {
namespace {

void append_big_endian(std::vector<std::uint8_t>& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        to.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

}  // namespace

FdtWriter::FdtWriter(std::size_t capacity_bytes) : blob_(capacity_bytes) {
    note(fdt_create(blob_.data(), static_cast<int>(blob_.size())));
    note(fdt_finish_reservemap(blob_.data()));
    note(fdt_begin_node(blob_.data(), ""));
}

/// libfdt's calls leave a full blob as it is, so the calls that follow do no harm.
void FdtWriter::note(int libfdt_result) {
    if (libfdt_result == -FDT_ERR_NOSPACE) {
        full_ = true;
    } else if (!full_) {
        SKIFF_CHECK(libfdt_result == 0);
    }
}

FdtWriter::Node::Node(FdtWriter& writer, const std::string& name) : writer_(writer) {
    writer_.note(fdt_begin_node(writer_.blob_.data(), name.c_str()));
}

FdtWriter::Node::~Node() {
    writer_.note(fdt_end_node(writer_.blob_.data()));
}

void FdtWriter::add_flag(const char* name) {
    note(fdt_property(blob_.data(), name, nullptr, 0));
}

void FdtWriter::add_string(const char* name, std::string_view value) {
    const std::string text(value);  // with a NUL behind it
    note(fdt_property(blob_.data(), name, text.c_str(), static_cast<int>(text.size() + 1)));
}

void FdtWriter::add_u32(const char* name, std::uint32_t value) {
    add_cells(name, {&value, 1});
}

void FdtWriter::add_cells(const char* name, std::span<const std::uint32_t> cells) {
    std::vector<std::uint8_t> bytes;
    for (const std::uint32_t cell : cells) {
        append_big_endian(bytes, cell);
    }
    note(fdt_property(blob_.data(), name, bytes.data(), static_cast<int>(bytes.size())));
}

void FdtWriter::add_u64s(const char* name, std::initializer_list<std::uint64_t> values) {
    std::vector<std::uint32_t> cells;
    for (const std::uint64_t value : values) {
        cells.push_back(static_cast<std::uint32_t>(value >> 32));
        cells.push_back(static_cast<std::uint32_t>(value));
    }
    add_cells(name, cells);
}

Result<std::vector<std::uint8_t>> FdtWriter::finish() {
    note(fdt_end_node(blob_.data()));
    note(fdt_finish(blob_.data()));
    if (full_) {
        return Error::user(
            fmt::format("the device tree does not fit into {} bytes: shorten the "
                        "kernel command line",
                        blob_.size()));
    }
    const void* const blob = blob_.data();  // the macro casts, which clang allows from this only
    blob_.resize(fdt_totalsize(blob));
    return std::move(blob_);
}

}  // namespace skiff::boot::fdt
