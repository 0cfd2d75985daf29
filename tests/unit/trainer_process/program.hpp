#pragma once
// The misbehaving program of this folder, and the result of a lease with it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "trainer/process/process_trainer.hpp"

namespace stemma {

inline std::shared_ptr<ChildStarter> starter() {
    static const auto one = std::make_shared<ChildStarter>();
    return one;
}

inline ProcessSettings program(const std::string& what) {
    ProcessSettings settings;
    settings.command = {STEMMA_PYTHON, "-S", STEMMA_TEST_PROGRAMS "/misbehaving.py", what};
    settings.metrics = {{"valid_loss"}, {"test_loss", true}};
    settings.needed_metrics = {"valid_loss"};
    settings.environment = read_environment();
    settings.start_timeout = 60;
    return settings;
}

class ProgramTest : public testing::Test {
protected:
    /// The helper is forked before any thread, as the program does. A fork while another thread allocates leaves the
    /// child a lock that is never opened (AddressSanitizer's allocator, unlike the C library's, does not prevent that).
    ProgramTest() { static_cast<void>(starter()); }

    static std::shared_ptr<const SearchSpace> one_parameter() {
        Parameter lr;
        lr.name = "lr";
        lr.domain = Real{1e-4, 1, Scale::log, {}};
        lr.role = Role::mutable_value;
        return std::make_shared<const SearchSpace>(std::vector{lr});
    }

    TrainRequest request() const {
        return {.member = {7}, .configuration = {*space_, configuration_}, .seed = 42, .from = 0, .to = 2};
    }
    TrainFailure failure(Trainer& trainer) const { return failure(trainer, request()); }
    static TrainFailure failure(Trainer& trainer, const TrainRequest& request) {
        auto result = trainer.train(request);
        if (auto* failed = std::get_if<TrainFailure>(&result)) return std::move(*failed);
        ADD_FAILURE() << "the training did not fail";
        return {.kind = FailureKind::none};
    }
    Trained trained(Trainer& trainer) const {
        auto result = trainer.train(request());
        if (const auto* failed = std::get_if<TrainFailure>(&result)) {
            ADD_FAILURE() << name_of(failed->kind) << " " << failed->type << ": " << failed->message;
            return {};
        }
        return std::move(std::get<Trained>(result));
    }

    std::shared_ptr<const SearchSpace> space_ = one_parameter();
    Configuration configuration_ = space_->from_literals({});
};

}  // namespace stemma
