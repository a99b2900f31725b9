// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/xml_writer.h"

#include "base/check.h"
#include "vmm/test_suite/printable.h"

namespace skiff::test_suite {
namespace {

enum class Place { kText, kAttribute };

/// XML 1.0, sections 2.4 and 3.3.3: a line break or tab in an attribute would be read as a blank.
std::string escaped(std::string_view bytes, Place place) {
    std::string result;
    for (const char c : printable(bytes)) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\n':
                result += place == Place::kAttribute ? "&#10;" : "\n";
                break;
            case '\t':
                result += place == Place::kAttribute ? "&#9;" : "\t";
                break;
            default:
                result += c;
        }
    }
    return result;
}

}  // namespace

void XmlWriter::open(std::string_view name, const Attributes& attributes) {
    text_.append(2 * open_.size(), ' ');
    text_ += '<';
    text_ += name;
    for (const auto& [key, value] : attributes) {
        text_ += ' ';
        text_ += key;
        text_ += "=\"" + escaped(value, Place::kAttribute) + "\"";
    }
}

void XmlWriter::begin(std::string_view name, const Attributes& attributes) {
    open(name, attributes);
    text_ += ">\n";
    open_.emplace_back(name);
}

void XmlWriter::end() {
    SKIFF_CHECK(!open_.empty());
    const std::string name = open_.back();
    open_.pop_back();
    text_.append(2 * open_.size(), ' ');
    text_ += "</" + name + ">\n";
}

void XmlWriter::element(std::string_view name, const Attributes& attributes,
                        std::string_view text) {
    open(name, attributes);
    if (text.empty()) {
        text_ += "/>\n";
        return;
    }
    text_ += ">" + escaped(text, Place::kText) + "</";
    text_ += name;
    text_ += ">\n";
}

}  // namespace skiff::test_suite
