# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` installs: the binary, and the man pages and shell completions, which the
# binary prints from the tables that it parses with.
include(GNUInstallDirs)

set(documents "${CMAKE_BINARY_DIR}/documents")
set(man_pages skiff.1)
set(document_commands COMMAND skiff man > "${documents}/skiff.1")
foreach(command IN ITEMS run firecracker config test doctor inspect gdb qemu completion man)
    list(APPEND man_pages skiff-${command}.1)
    list(APPEND document_commands COMMAND skiff man ${command} > "${documents}/skiff-${command}.1")
endforeach()
list(TRANSFORM man_pages PREPEND "${documents}/")

file(MAKE_DIRECTORY "${documents}")
add_custom_command(OUTPUT ${man_pages} "${documents}/skiff.bash" "${documents}/_skiff"
    ${document_commands}
    COMMAND skiff completion bash > "${documents}/skiff.bash"
    COMMAND skiff completion zsh > "${documents}/_skiff"
    DEPENDS skiff COMMENT "Printing man pages and completions" VERBATIM)
add_custom_target(skiff_documents ALL DEPENDS
    ${man_pages} "${documents}/skiff.bash" "${documents}/_skiff")

install(TARGETS skiff RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES ${man_pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${documents}/skiff.bash" RENAME skiff
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${documents}/_skiff" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
