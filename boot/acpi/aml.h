// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

/// An encoder for the part of AML, the byte code of ACPI's namespace, that our DSDT needs
/// (ACPI 6.4, chapter 20). Each function gives the code of one construct; names are ours, so a
/// wrong one is a CHECK failure.
namespace skiff::boot::acpi::aml {

using Code = std::vector<std::uint8_t>;

/// The codes one after the other: a term list.
Code join(std::initializer_list<Code> codes);
void append(Code& to, const Code& code);

/// "\\_SB_.PWRB", "_HID": segments of up to four characters, which are padded with '_'.
Code path(std::string_view text);

Code integer(std::uint64_t value);
Code string(std::string_view ascii);
Code buffer(std::span<const std::uint8_t> bytes);
Code package(std::initializer_list<Code> elements);
/// A device id: compressed ("PNP0501") where it has that form, else a string ("ACPI0013").
Code hardware_id(std::string_view id);

Code name(std::string_view path_text, const Code& object);
Code scope(std::string_view path_text, const Code& terms);
Code device(std::string_view path_text, const Code& terms);
/// A serialized method.
Code method(std::string_view path_text, unsigned argument_count, const Code& terms);

/// A region of I/O ports.
Code port_region(std::string_view path_text, std::uint16_t base, std::uint16_t count);
/// A field of one byte, accessed as a byte, `offset` bytes into a region.
Code byte_field(std::string_view region, std::string_view field, unsigned offset);

Code bitwise_and(const Code& left, const Code& right);
Code if_true(const Code& predicate, const Code& terms);
Code notify(std::string_view object_path, std::uint64_t value);

}  // namespace skiff::boot::acpi::aml
