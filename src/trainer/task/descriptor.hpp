#pragma once
// trainer.type = "task": C++ of the user's own.

#include <string>

#include "trainer/descriptor.hpp"

namespace stemma {

struct TaskSettings {
    std::string library;  ///< shared library, "" = tasks of the program itself
    std::string task;     ///< "" = the only one there is
    std::string path;     ///< see TaskContext::path
};

TrainerDescriptor task_descriptor();

}  // namespace stemma
