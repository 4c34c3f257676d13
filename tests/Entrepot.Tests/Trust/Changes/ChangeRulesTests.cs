using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Trust.Changes;

namespace Entrepot.Tests.Trust.Changes;

public sealed class ChangeRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24), Review = TimeSpan.FromHours(72);
    private static readonly string[] People = ["ann", "bob", "cat"];
    private static readonly Change Proposal = new(
        7, ChangedDocument.Portfile, Sha256Digest.Of("before"u8), Sha256Digest.Of("after"u8), "token:ci", new HashSet<string> { "ci", "ann" }, "because", Start, Start.AddDays(7));

    private static readonly Gen<(Func<DateTimeOffset, ChangeAct> Act, int Minutes)[]> Lives = Gen.Select(
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 2], Gen.Bool, static (kind, person, needs) => Act(kind, People[person], needs)), Gen.Int[0, 3000]).Array[1, 14];

    [Fact]
    public void Nothing_comes_into_force_without_a_living_approval_by_another_person_or_broken_glass()
        => Lives.Sample(life =>
        {
            var (change, now) = (Proposal, Start);
            foreach (var (make, minutes) in life)
            {
                now = now.AddMinutes(minutes);
                var before = change;
                var act = make(now);
                if (act is ChangeAct.Begin { NeedsApproval: false })
                    continue;
                change = ChangeRules.Take(change, act, now).After ?? change;
                if (change.State is not (ChangeState.Applying or ChangeState.Applied) || before.State == ChangeState.Applying)
                    continue;
                if (change.Glass is not null)
                {
                    change.Application.ShouldNotBeNull();
                    continue;
                }

                var approval = change.Approval.ShouldNotBeNull();
                change.Persons.ShouldNotContain(approval.By["user:".Length..]);
                change.Application!.At.ShouldBeLessThan(approval.Until);
                approval.At.ShouldBeLessThan(change.ExpiresAt);
            }
        });

    [Fact]
    public void What_is_at_an_end_stays_there_and_broken_glass_is_reviewed_by_somebody_else()
        => Lives.Sample(life =>
        {
            var (change, now) = (Proposal, Start);
            foreach (var (make, minutes) in life)
            {
                now = now.AddMinutes(minutes);
                var before = change;
                var was = change.StateAt(now);
                change = ChangeRules.Take(change, make(now), now).After ?? change;
                if (was is ChangeState.Applied or ChangeState.Rejected or ChangeState.Expired or ChangeState.Superseded)
                    change.StateAt(now).ShouldBe(was);
                if (change.Review is { } review && before.Review is null)
                {
                    before.OwesReview.ShouldBeTrue();
                    var person = review.By["user:".Length..];
                    change.Persons.ShouldNotContain(person);
                    change.Glass!.Persons.ShouldNotContain(person);
                }

                if (before.OwesReview && !change.OwesReview)
                    (change.Review is not null || change.State == ChangeState.Superseded).ShouldBeTrue("owing ends by a review alone");
            }
        });

    [Fact]
    public void An_approval_holds_until_its_end_and_not_at_it()
    {
        var approved = Take(Proposal, Act(0, "bob", true), Start);
        var begin = Act(2, "ann", true);
        ChangeRules.Take(approved, begin(Start), approved.Approval!.Until.AddMilliseconds(-1)).After.ShouldNotBeNull();
        ChangeRules.Take(approved, begin(Start), approved.Approval.Until).Refusal!.Is(ChangeFault.Expired).ShouldBeTrue();
        ChangeRules.Take(Proposal, Act(0, "bob", true)(Proposal.ExpiresAt), Proposal.ExpiresAt).Refusal!.Is(ChangeFault.Expired).ShouldBeTrue();
    }

    [Fact]
    public void Every_refusal_says_why()
    {
        Refusal(Proposal, 0, "ann").Is(ChangeFault.OwnChange).ShouldBeTrue("she had the token made that proposed it");
        Refusal(Proposal, 1, "ann").Is(ChangeFault.OwnChange).ShouldBeTrue();
        Refusal(Proposal, 2, "bob").Is(ChangeFault.NotApproved).ShouldBeTrue();
        Refusal(Proposal, 5, "bob").Is(ChangeFault.NothingToReview).ShouldBeTrue();
        Refusal(Take(Proposal, Act(1, "bob", true), Start), 0, "cat").Is(ChangeFault.Closed).ShouldBeTrue();
        Refusal(Take(Proposal, Act(7, "bob", true), Start), 0, "cat").Is(ChangeFault.Superseded).ShouldBeTrue();
        Refusal(Take(Proposal, Act(0, "bob", true), Start), 3, "cat").Is(ChangeFault.Closed).ShouldBeTrue("what is approved needs no broken glass");
        Refusal(Take(Take(Proposal, Act(3, "bob", true), Start), Act(4, "bob", true), Start), 5, "bob").Is(ChangeFault.OwnChange).ShouldBeTrue("who broke the glass");
    }

    [Fact]
    public void A_document_that_needs_no_approval_is_applied_as_proposed()
        => Take(Take(Proposal, Act(2, "ann", false), Start), Act(4, "ann", false), Start).State.ShouldBe(ChangeState.Applied);

    internal static Func<DateTimeOffset, ChangeAct> Act(int kind, string person, bool needs) => now => kind switch
    {
        0 => new ChangeAct.Approve(person, new ChangeApproval($"user:{person}", now, now + Lifetime, new SignedStatement("", []))),
        1 => new ChangeAct.Reject(person, new ChangeEnd($"user:{person}", now, "no")),
        2 => new ChangeAct.Begin(new ChangeApplication($"user:{person}", now), needs),
        3 => new ChangeAct.BreakGlass(new ChangeApplication($"user:{person}", now), new BrokenGlass("fire", new HashSet<string> { person }, now + Review)),
        4 => new ChangeAct.Complete(),
        5 => new ChangeAct.Review(person, new ChangeReview($"user:{person}", now, new SignedStatement("", []))),
        6 => new ChangeAct.Expire(),
        _ => new ChangeAct.Supersede(new ChangeEnd($"user:{person}", now, "another came first")),
    };

    private static Change Take(Change change, Func<DateTimeOffset, ChangeAct> act, DateTimeOffset now) => ChangeRules.Take(change, act(now), now).Require();

    private static Fault Refusal(Change change, int kind, string person) => ChangeRules.Take(change, Act(kind, person, true)(Start), Start).Refusal.ShouldNotBeNull();
}
