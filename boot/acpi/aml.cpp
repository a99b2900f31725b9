// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/aml.h"

#include <cstddef>
#include <string>

#include "base/check.h"

namespace skiff::boot::acpi::aml {
namespace {

// ACPI 6.4, table 20.1 "AML object list", and the grammar in 20.2.
constexpr std::uint8_t kZeroOp = 0x00;
constexpr std::uint8_t kOneOp = 0x01;
constexpr std::uint8_t kNameOp = 0x08;
constexpr std::uint8_t kBytePrefix = 0x0a;
constexpr std::uint8_t kWordPrefix = 0x0b;
constexpr std::uint8_t kDWordPrefix = 0x0c;
constexpr std::uint8_t kStringPrefix = 0x0d;
constexpr std::uint8_t kQWordPrefix = 0x0e;
constexpr std::uint8_t kScopeOp = 0x10;
constexpr std::uint8_t kBufferOp = 0x11;
constexpr std::uint8_t kPackageOp = 0x12;
constexpr std::uint8_t kMethodOp = 0x14;
constexpr std::uint8_t kDualNamePrefix = 0x2e;
constexpr std::uint8_t kMultiNamePrefix = 0x2f;
constexpr std::uint8_t kExtendedPrefix = 0x5b;
constexpr std::uint8_t kRootChar = '\\';
constexpr std::uint8_t kAndOp = 0x7b;
constexpr std::uint8_t kRegionOp = 0x80;  // after kExtendedPrefix
constexpr std::uint8_t kFieldOp = 0x81;   // after kExtendedPrefix
constexpr std::uint8_t kDeviceOp = 0x82;  // after kExtendedPrefix
constexpr std::uint8_t kNotifyOp = 0x86;
constexpr std::uint8_t kIfOp = 0xa0;
constexpr std::uint8_t kNullName = 0x00;

constexpr std::uint8_t kMethodSerialized = 1 << 3;
constexpr std::uint8_t kRegionSystemIo = 0x01;
constexpr std::uint8_t kFieldByteAccess = 1;
constexpr std::uint8_t kFieldWriteAsZeros = 2 << 5;
constexpr std::uint8_t kReservedField = 0x00;
constexpr std::size_t kSegmentLength = 4;

constexpr std::uint8_t low_byte(std::uint64_t value) {
    return static_cast<std::uint8_t>(value & 0xff);
}

void append_little_endian(Code& to, std::uint64_t value, unsigned size_bytes) {
    for (unsigned i = 0; i < size_bytes; ++i) {
        to.push_back(low_byte(value >> (8 * i)));
    }
}

/// PkgLength (20.2.4) of a known value, in `size_bytes` bytes.
Code length_bytes(std::size_t value, unsigned size_bytes) {
    if (size_bytes == 1) {
        return {low_byte(value)};
    }
    Code code = {static_cast<std::uint8_t>((size_bytes - 1) << 6 | (value & 0x0f))};
    append_little_endian(code, value >> 4, size_bytes - 1);
    return code;
}

constexpr std::size_t length_limit(unsigned size_bytes) {
    return size_bytes == 1 ? 0x40 : std::size_t{1} << (4 + 8 * (size_bytes - 1));
}

/// PkgLength of something `size` bytes long, the length's own bytes not counted in `size`.
Code package_length(std::size_t size) {
    unsigned size_bytes = 1;
    while (size + size_bytes >= length_limit(size_bytes)) {
        ++size_bytes;
        SKIFF_CHECK(size_bytes <= 4);
    }
    return length_bytes(size + size_bytes, size_bytes);
}

/// A length that does not count itself: the bits of a field.
Code field_length(std::size_t bits) {
    unsigned size_bytes = 1;
    while (bits >= length_limit(size_bytes)) {
        ++size_bytes;
        SKIFF_CHECK(size_bytes <= 4);
    }
    return length_bytes(bits, size_bytes);
}

Code with_length(std::initializer_list<std::uint8_t> opcode, const Code& rest) {
    Code code(opcode);
    append(code, package_length(rest.size()));
    append(code, rest);
    return code;
}

bool is_name_character(char c, bool first) {
    return (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

void append_segment(Code& to, std::string_view segment) {
    SKIFF_CHECK(!segment.empty() && segment.size() <= kSegmentLength);
    for (std::size_t i = 0; i < kSegmentLength; ++i) {
        const char c = i < segment.size() ? segment[i] : '_';
        SKIFF_CHECK(is_name_character(c, i == 0));
        to.push_back(static_cast<std::uint8_t>(c));
    }
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

unsigned hex_value(char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'A' + 10);
}

bool is_eisa_id(std::string_view id) {
    if (id.size() != 7) {
        return false;
    }
    for (std::size_t i = 0; i < id.size(); ++i) {
        if (i < 3 ? id[i] < 'A' || id[i] > 'Z' : !is_hex_digit(id[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace

Code join(std::initializer_list<Code> codes) {
    Code all;
    for (const Code& code : codes) {
        append(all, code);
    }
    return all;
}

void append(Code& to, const Code& code) {
    to.insert(to.end(), code.begin(), code.end());
}

Code path(std::string_view text) {
    Code code;
    if (!text.empty() && text.front() == '\\') {
        code.push_back(kRootChar);
        text.remove_prefix(1);
    }
    Code segments;
    std::size_t count = 0;
    while (!text.empty()) {
        const std::size_t dot = text.find('.');
        append_segment(segments, text.substr(0, dot));
        ++count;
        text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
    }
    SKIFF_CHECK(count <= 0xff);
    if (count == 0) {
        code.push_back(kNullName);
    } else if (count == 2) {
        code.push_back(kDualNamePrefix);
    } else if (count > 2) {
        code.push_back(kMultiNamePrefix);
        code.push_back(low_byte(count));
    }
    append(code, segments);
    return code;
}

Code integer(std::uint64_t value) {
    if (value <= 1) {
        return {value == 0 ? kZeroOp : kOneOp};
    }
    struct Form {
        std::uint8_t prefix;
        unsigned size_bytes;
    };
    const Form form = value <= 0xff         ? Form{kBytePrefix, 1}
                      : value <= 0xffff     ? Form{kWordPrefix, 2}
                      : value <= 0xffffffff ? Form{kDWordPrefix, 4}
                                            : Form{kQWordPrefix, 8};
    Code code = {form.prefix};
    append_little_endian(code, value, form.size_bytes);
    return code;
}

Code string(std::string_view ascii) {
    Code code = {kStringPrefix};
    for (const char c : ascii) {
        SKIFF_CHECK(c >= 0x20 && c < 0x7f);
        code.push_back(static_cast<std::uint8_t>(c));
    }
    code.push_back(0);
    return code;
}

Code buffer(std::span<const std::uint8_t> bytes) {
    Code rest = integer(bytes.size());
    rest.insert(rest.end(), bytes.begin(), bytes.end());
    return with_length({kBufferOp}, rest);
}

Code package(std::initializer_list<Code> elements) {
    SKIFF_CHECK(elements.size() <= 0xff);
    Code rest = {low_byte(elements.size())};
    append(rest, join(elements));
    return with_length({kPackageOp}, rest);
}

Code hardware_id(std::string_view id) {
    if (!is_eisa_id(id)) {
        return string(id);
    }
    // 19.3.4: three letters of five bits ('A' is 1) and four hexadecimal digits, big-endian.
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        value = value << 5 | static_cast<std::uint32_t>(id[i] - 'A' + 1);
    }
    for (std::size_t i = 3; i < 7; ++i) {
        value = value << 4 | hex_value(id[i]);
    }
    return {kDWordPrefix, low_byte(value >> 24), low_byte(value >> 16), low_byte(value >> 8),
            low_byte(value)};
}

Code name(std::string_view path_text, const Code& object) {
    return join({{kNameOp}, path(path_text), object});
}

Code scope(std::string_view path_text, const Code& terms) {
    return with_length({kScopeOp}, join({path(path_text), terms}));
}

Code device(std::string_view path_text, const Code& terms) {
    return with_length({kExtendedPrefix, kDeviceOp}, join({path(path_text), terms}));
}

Code method(std::string_view path_text, unsigned argument_count, const Code& terms) {
    SKIFF_CHECK(argument_count <= 7);
    const Code flags = {static_cast<std::uint8_t>(argument_count | kMethodSerialized)};
    return with_length({kMethodOp}, join({path(path_text), flags, terms}));
}

Code port_region(std::string_view path_text, std::uint16_t base, std::uint16_t count) {
    return join({{kExtendedPrefix, kRegionOp},
                 path(path_text),
                 {kRegionSystemIo},
                 integer(base),
                 integer(count)});
}

Code byte_field(std::string_view region, std::string_view field, unsigned offset) {
    Code rest = join({path(region), {kFieldByteAccess | kFieldWriteAsZeros}});
    if (offset != 0) {
        rest.push_back(kReservedField);
        append(rest, field_length(std::size_t{offset} * 8));
    }
    append_segment(rest, field);
    append(rest, field_length(8));
    return with_length({kExtendedPrefix, kFieldOp}, rest);
}

Code bitwise_and(const Code& left, const Code& right) {
    return join({{kAndOp}, left, right, {kNullName}});  // no target
}

Code if_true(const Code& predicate, const Code& terms) {
    return with_length({kIfOp}, join({predicate, terms}));
}

Code notify(std::string_view object_path, std::uint64_t value) {
    return join({{kNotifyOp}, path(object_path), integer(value)});
}

}  // namespace skiff::boot::acpi::aml
