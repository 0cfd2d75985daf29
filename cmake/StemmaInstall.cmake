# `cmake --install build --prefix P`: P/bin/stemma, P/share/stemma/{jobs,docs,slurm,analysis}, P/share/doc/stemma.
include(GNUInstallDirs)

if(TARGET stemma)
  install(TARGETS stemma RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(STEMMA_TORCH_WHEEL)
    # A wheel's libraries lie outside the loader's path: the installed program keeps the way to them.
    set_target_properties(stemma PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  endif()
endif()
foreach(folder IN ITEMS jobs docs slurm)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/stemma OPTIONAL)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/analysis DESTINATION ${CMAKE_INSTALL_DATADIR}/stemma
        PATTERN "__pycache__" EXCLUDE PATTERN "*.egg-info" EXCLUDE PATTERN "build" EXCLUDE)
foreach(page IN ITEMS README.md CHANGELOG.md ARCHITECTURE.md LICENSE CITATION.cff)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endforeach()
