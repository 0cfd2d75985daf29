// A Python program that speaks the process protocol.

#include "trainer/process/process_trainer.hpp"

#include "contract/trainer/trainer_suite.hpp"

namespace stemma {
namespace {

/// One helper for the test program, as a worker has one.
std::shared_ptr<ChildStarter> starter() {
    static const auto one = std::make_shared<ChildStarter>();
    return one;
}

TrainerCase process_case(const std::string& name, const std::string& program) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{1e-4, 1, Scale::log, {}};
    const auto space = std::make_shared<const SearchSpace>(std::vector{lr});
    ProcessSettings settings;
    settings.command = {STEMMA_PYTHON, STEMMA_TEST_PROGRAMS "/" + program};
    settings.metrics = {{"valid_loss"}, {"test_loss", true}};
    settings.needed_metrics = {"valid_loss"};
    settings.environment = read_environment();
    settings.start_timeout = 60;
    return {name, space, [settings] { return make_process_trainer(settings, starter()); }, 4};
}

INSTANTIATE_TEST_SUITE_P(Process, TrainerContract, testing::Values(process_case("python", "toy.py")), case_name);

}  // namespace
}  // namespace stemma
