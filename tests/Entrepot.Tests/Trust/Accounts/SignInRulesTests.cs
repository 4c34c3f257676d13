using CsCheck;
using Entrepot.Trust.Accounts;

namespace Entrepot.Tests.Trust.Accounts;

public sealed class SignInRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(SignInAttempt Attempt, int Seconds)[]> Attempts = Gen.Select(
        Gen.Select(Gen.Bool, Gen.Long[1, 6], Gen.Bool, Gen.Bool, static (password, step, hasStep, recovery) => new SignInAttempt(password, hasStep ? step : null, recovery)),
        Gen.Int[0, 900]).Array[1, 60];

    [Fact]
    public void No_one_time_password_counts_twice_and_none_that_is_older_than_one_that_counted()
        => Attempts.Sample(attempts =>
        {
            var (history, now, used) = (new SignInHistory(0, 0, null), Start, 0L);
            foreach (var (attempt, seconds) in attempts)
            {
                now = now.AddSeconds(seconds);
                (var outcome, history) = SignInRules.Judge(history, attempt, now);
                if (outcome != SignInOutcome.Done || attempt.Recovery)
                    continue;
                attempt.Step!.Value.ShouldBeGreaterThan(used);
                used = attempt.Step.Value;
            }
        });

    [Fact]
    public void Without_password_or_without_a_second_factor_nobody_gets_in()
        => Attempts.Sample(attempts =>
        {
            var (history, now) = (new SignInHistory(0, 0, null), Start);
            foreach (var (attempt, seconds) in attempts)
            {
                now = now.AddSeconds(seconds);
                (var outcome, history) = SignInRules.Judge(history, attempt, now);
                if (!attempt.Password || (attempt.Step is null && !attempt.Recovery))
                    outcome.ShouldNotBe(SignInOutcome.Done);
            }
        });

    [Fact]
    public void Ten_wrong_attempts_in_a_row_lock_for_half_an_hour_and_what_comes_meanwhile_makes_it_no_longer()
    {
        var (history, wrong, right) = (new SignInHistory(0, 0, null), new SignInAttempt(false, null, false), new SignInAttempt(true, 7, false));
        for (var i = 1; i <= SignInRules.MaxFailures; i++)
        {
            (var outcome, history) = SignInRules.Judge(history, wrong, Start);
            outcome.ShouldBe(SignInOutcome.Wrong);
            history.LockedUntil.HasValue.ShouldBe(i == SignInRules.MaxFailures);
        }

        var (refused, same) = SignInRules.Judge(history, right, Start + SignInRules.LockTime - TimeSpan.FromSeconds(1));
        (refused, same).ShouldBe((SignInOutcome.Locked, history));
        SignInRules.Judge(history, right, Start + SignInRules.LockTime).Outcome.ShouldBe(SignInOutcome.Done);
        SignInRules.Judge(history, wrong, Start + SignInRules.LockTime).Next.Failures.ShouldBe(1, "the count begins anew");
    }
}
