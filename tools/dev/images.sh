# SPDX-License-Identifier: Apache-2.0
# The guest images: built once, kept in the user's cache (see guest-images/build --help).

# build_guest_images PART…: sets guest_images to the folder that has them.
build_guest_images() {
    if guest_images=$(guest-images/build --print "$@" 2>/dev/null); then
        guest_images=${guest_images##*$'\n'}
        return 0
    fi
    say "building the guest images ($*): a kernel takes about 5 minutes, once"
    guest_images=$(guest-images/build "$@" | tail -n 1) || fail "could not build the guest images"
}
