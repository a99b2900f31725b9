// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff {

/// Takes this program's code and constants out of its resident set. They come back from the page
/// cache, page by page, where they are used again.
///
/// Building a machine runs a lot of code once: without this, all of it would be resident for as
/// long as the guest lives. Any thread; costs some 10 µs and a few minor faults later.
void drop_executable_pages();

}  // namespace skiff
