// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::test_suite {

/// Builds an XML 1.0 document in UTF-8. Names are the caller's, texts may be any bytes: they are
/// made printable() first. begin and end are kept in balance by the caller.
class XmlWriter {
  public:
    using Attributes = std::vector<std::pair<std::string_view, std::string>>;

    XmlWriter() : text_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

    void begin(std::string_view name, const Attributes& attributes = {});
    void end();
    /// An element with only text, or without any.
    void element(std::string_view name, const Attributes& attributes, std::string_view text = {});

    const std::string& text() const { return text_; }

  private:
    void open(std::string_view name, const Attributes& attributes);

    std::string text_;
    std::vector<std::string> open_;
};

}  // namespace skiff::test_suite
