// A user's task whose loop is Stemma's.

#include "contract/trainer/trainer_suite.hpp"
#include "unit/torch/waves.hpp"

namespace stemma {
namespace {

/// Without dropout, which draws from the one generator that LibTorch has for all threads of a process.
struct Waves : test::OddWaves {
    using OddWaves::OddWaves;
    std::shared_ptr<test::WavesNet> model(const NamedConfiguration&) { return std::make_shared<test::WavesNet>(0.0); }
};

TrainerCase waves(const std::string& optimizer, const std::string& unit) {
    std::vector<Parameter> parameters(4);
    parameters[0] = {"lr", Real{1e-4, 1, Scale::log, {}}, Role::fixed, {}, {}, {}};
    parameters[1] = {"momentum", Real{0, 0.99, Scale::linear, {}}, Role::fixed, {}, {}, {}};
    parameters[2] = {"batch_size", Integer{1, 64, Scale::linear, {}}, Role::fixed, {}, {}, {}};
    parameters[3] = {"optimizer", Categorical{{"sgd", "adam", "adamw"}}, Role::fixed, {}, {}, {}};
    const auto space = std::make_shared<const SearchSpace>(parameters);
    TaskContext context;
    context.unit = unit;
    const bool epochs = unit == "epoch";
    return {optimizer + "_by_" + unit,
            space,
            [context] { return std::make_unique<LoopTrainer<Waves>>(context); },
            epochs ? 4 : 12,
            epochs,
            {{"lr", 0.02}, {"momentum", 0.5}, {"batch_size", std::int64_t{8}}, {"optimizer", optimizer}}};
}

std::vector<TrainerCase> cases() {
    std::vector<TrainerCase> all;
    for (const auto* unit : {"epoch", "step"}) {
        for (const auto* optimizer : {"sgd", "adam", "adamw"}) all.push_back(waves(optimizer, unit));
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Loop, TrainerContract, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace stemma
