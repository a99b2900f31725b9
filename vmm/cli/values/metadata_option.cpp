// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/metadata_option.h"

#include <memory>

#include "vmm/api/config_file.h"
#include "vmm/api/mmds/mmds.h"

namespace skiff::cli {
namespace {

constexpr virtio::net::Ipv4Address kAddress = {169, 254, 169, 254};

bool file_serves_metadata(const RunOptions& options) {
    return options.file.has_value() && options.file->mmds_config.has_value();
}

}  // namespace

Result<void> assign_metadata(const ParsedArguments& arguments, RunOptions& options) {
    const std::string* const path = arguments.last("metadata");
    if (file_serves_metadata(options)) {
        options.metadata = options.file->mmds;
    } else if (path != nullptr) {
        if (options.config.nets.empty()) {
            return Error::user("--metadata: the guest has no network device to ask by: add --net");
        }
        options.metadata = std::make_shared<api::Mmds>();
        for (machine::NetworkConfig& net : options.config.nets) {
            net.make_service = {.make = [metadata = options.metadata] {
                return api::serve_mmds(metadata, kAddress);
            }};
        }
    }
    if (path == nullptr) {
        return {};
    }
    const Result<void> loaded = api::load_metadata(*path, *options.metadata);
    return loaded.ok() ? loaded : loaded.error().with_context("--metadata");
}

void describe_metadata(const RunOptions& options, api::VmDescription& description) {
    if (options.metadata == nullptr) {
        return;
    }
    description.mmds = options.metadata;
    if (file_serves_metadata(options)) {
        description.mmds_config = options.file->mmds_config;
        return;
    }
    description.mmds_config.emplace();
    for (const api::NetworkInterface& net : description.nets) {
        description.mmds_config->network_interfaces.push_back(net.iface_id);
    }
}

}  // namespace skiff::cli
