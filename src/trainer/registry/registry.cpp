#include "trainer/registry/registry.hpp"

#include "trainer/process/program.hpp"
#include "trainer/task/descriptor.hpp"
#include "trainer/torch_library/torch_library.hpp"
#include "trainer/toy/toy_trainer.hpp"

namespace stemma {

const std::vector<TrainerDescriptor>& trainers() {
    static const std::vector<TrainerDescriptor> all{
        torch_descriptor(), process_descriptor(), ask_descriptor(), task_descriptor(), toy_descriptor(),
    };
    return all;
}

}  // namespace stemma
