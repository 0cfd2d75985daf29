// The contract of trainers, kept by the torch trainer with each model and each optimizer, on test_device().

#include "contract/trainer/torch_cases.hpp"
#include "contract/trainer/trainer_suite.hpp"
#include "support/test_device.hpp"

namespace stemma {
namespace {

std::vector<TrainerCase> cases() {
    std::vector<TrainerCase> all;
    for (auto one : torch_cases::cases()) {
        one.settings.device = test::test_device();
        all.push_back({one.name, one.space, [one] { return make_torch_trainer(one.settings, one.space); }, one.units(),
                       one.settings.unit == "epoch", one.values()});
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Torch, TrainerContract, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace stemma
