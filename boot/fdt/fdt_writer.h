// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skiff::boot::fdt {

/// A flattened device tree while it is written, in the order of the blob: a node's properties, then
/// its children (Devicetree Specification 0.4, chapter 5). Made by libfdt.
///
/// Names and structure are ours, so a wrong one is a CHECK failure; only the size can be the user's
/// doing (a long command line, many devices), and finish() tells.
class FdtWriter {
  public:
    /// A blob of at most `capacity_bytes`; begins with the root node open.
    explicit FdtWriter(std::size_t capacity_bytes);

    /// The node that is open for as long as this lives. Nodes end in reverse order, the root last.
    class [[nodiscard]] Node {
      public:
        /// `name` with its unit address: "memory@0".
        Node(FdtWriter& writer, const std::string& name);
        ~Node();
        Node(const Node&) = delete;
        Node& operator=(const Node&) = delete;

      private:
        FdtWriter& writer_;
    };

    // Properties of the node that was opened last (2.2.4, "Property values").
    void add_flag(const char* name);
    void add_string(const char* name, std::string_view value);
    void add_u32(const char* name, std::uint32_t value);
    void add_cells(const char* name, std::span<const std::uint32_t> cells);
    /// Each value as two cells, the high one first.
    void add_u64s(const char* name, std::initializer_list<std::uint64_t> values);

    /// Closes the root. The blob, or a user error where it did not fit. Call once, at the end.
    Result<std::vector<std::uint8_t>> finish();

  private:
    void note(int libfdt_result);

    std::vector<std::uint8_t> blob_;
    bool full_ = false;
};

}  // namespace skiff::boot::fdt
