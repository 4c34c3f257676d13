using System.Globalization;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Changes;

/// <summary>What can happen to a change.</summary>
public abstract record ChangeAct
{
    private ChangeAct()
    {
    }

    /// <summary>A person approves it.</summary>
    /// <param name="Person">The account's name.</param>
    /// <param name="Approval">What it signs.</param>
    public sealed record Approve(string Person, ChangeApproval Approval) : ChangeAct;

    /// <summary>A person refuses it.</summary>
    /// <param name="Person">The account's name.</param>
    /// <param name="End">By whom and why.</param>
    public sealed record Reject(string Person, ChangeEnd End) : ChangeAct;

    /// <summary>Somebody has it applied.</summary>
    /// <param name="Application">By whom.</param>
    /// <param name="NeedsApproval">True when its document is changed by approved changes only.</param>
    public sealed record Begin(ChangeApplication Application, bool NeedsApproval) : ChangeAct;

    /// <summary>Somebody has it applied without approval.</summary>
    /// <param name="Application">By whom.</param>
    /// <param name="Glass">Why, and until when it is reviewed.</param>
    public sealed record BreakGlass(ChangeApplication Application, BrokenGlass Glass) : ChangeAct;

    /// <summary>The document is what the change says.</summary>
    public sealed record Complete : ChangeAct;

    /// <summary>A person has looked at what was applied without approval.</summary>
    /// <param name="Person">The account's name.</param>
    /// <param name="Given">What it signs.</param>
    public sealed record Review(string Person, ChangeReview Given) : ChangeAct;

    /// <summary>It is written down that its time is over.</summary>
    public sealed record Expire : ChangeAct;

    /// <summary>The document became another one.</summary>
    /// <param name="End">By what.</param>
    public sealed record Supersede(ChangeEnd End) : ChangeAct;
}

/// <summary>What came of an act.</summary>
/// <param name="After">The change as it is then; null when the act is refused.</param>
/// <param name="Refusal">Why it is refused, or null.</param>
public readonly record struct ChangeStep(Change? After, Fault? Refusal)
{
    /// <summary>The change as it is then.</summary>
    /// <exception cref="FaultException">The act is refused.</exception>
    public Change Require() => After ?? throw Refusal!.ToException();
}

/// <summary>The life of a change. Pure: no clock, no storage.</summary>
public static class ChangeRules
{
    /// <summary>Judges an act.</summary>
    /// <param name="change">The change.</param>
    /// <param name="act">What is to happen to it.</param>
    /// <param name="now">When.</param>
    public static ChangeStep Take(Change change, ChangeAct act, DateTimeOffset now)
    {
        var state = change.StateAt(now);
        return act switch
        {
            ChangeAct.Approve approve => Judge(Open(change, state, ChangeState.Proposed) ?? Own(change, approve.Person, "approve")) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Approved, Approval = approve.Approval }, null),
            ChangeAct.Reject reject => Judge(Open(change, state, ChangeState.Proposed, ChangeState.Approved) ?? Own(change, reject.Person, "reject")) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Rejected, End = reject.End }, null),
            ChangeAct.Begin begin => Judge(Open(change, state, ChangeState.Proposed, ChangeState.Approved) ?? Approved(change, state, begin)) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Applying, Application = begin.Application }, null),
            ChangeAct.BreakGlass glass => Judge(Open(change, state, ChangeState.Proposed)) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Applying, Application = glass.Application, Glass = glass.Glass }, null),
            ChangeAct.Complete => Judge(state == ChangeState.Applying ? null : Closed(change, state)) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Applied }, null),
            ChangeAct.Review review => Judge(Reviewable(change, review.Person)) is { } no ? no : new ChangeStep(change with { Review = review.Given }, null),
            ChangeAct.Expire => Judge(state == ChangeState.Expired && change.State != state ? null : Closed(change, state)) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Expired }, null),
            ChangeAct.Supersede supersede => Judge(change.IsOpenAt(now) ? null : Closed(change, state)) is { } no
                ? no : new ChangeStep(change with { State = ChangeState.Superseded, End = supersede.End, Glass = null }, null),
            _ => throw new ArgumentOutOfRangeException(nameof(act)),
        };
    }

    private static ChangeStep? Judge(Fault? refusal) => refusal is null ? null : new ChangeStep(null, refusal);

    private static Fault? Open(Change change, ChangeState state, params ReadOnlySpan<ChangeState> open)
        => open.Contains(state) ? null : Closed(change, state);

    private static Fault Closed(Change change, ChangeState state) => state switch
    {
        ChangeState.Expired => Fault.Of(
            ChangeFault.Expired, FaultKind.Conflict,
            change.Approval is { } approval ? $"The approval of change {Number(change)} ended on {Time(approval.Until)}." : $"Change {Number(change)} could be approved until {Time(change.ExpiresAt)}.",
            $"Propose it again: entrepot change propose {Word(change)} --file FILE --reason TEXT."),
        ChangeState.Superseded => Fault.Of(
            ChangeFault.Superseded, FaultKind.Conflict, $"Change {Number(change)} was made from a document that is not the current one any more: {change.End?.Why ?? "it moved on"}",
            $"Make it from what is current, 'entrepot change current {Word(change)}', and propose it again."),
        ChangeState.Approved => Fault.Of(
            ChangeFault.Closed, FaultKind.Conflict, $"Change {Number(change)} is approved by {change.Approval!.By} until {Time(change.Approval.Until)}.", $"Apply it: entrepot change apply {Number(change)}."),
        _ => Fault.Of(
            ChangeFault.Closed, FaultKind.Conflict, $"Change {Number(change)} is {state.ToString().ToLowerInvariant()}{Since(change)}.", $"See what became of it: entrepot change show {Number(change)}."),
    };

    private static Fault? Own(Change change, string person, string verb)
        => !change.Persons.Contains(person) ? null : Fault.Of(
            ChangeFault.OwnChange, FaultKind.Forbidden, $"'{person}' proposed change {Number(change)} and can't {verb} it: that takes another person.",
            "Ask somebody else with the role approver.");

    private static Fault? Approved(Change change, ChangeState state, ChangeAct.Begin begin)
        => state == ChangeState.Approved || !begin.NeedsApproval ? null : Fault.Of(
            ChangeFault.NotApproved, FaultKind.Conflict, $"Change {Number(change)} is not approved, and the {Word(change)} document needs that here.",
            $"Ask somebody with the role approver for 'entrepot change approve {Number(change)}'; in an emergency use --break-glass, which is reviewed afterwards.");

    private static Fault? Reviewable(Change change, string person)
        => change is not { Glass: { } glass, State: ChangeState.Applied, Review: null }
            ? Fault.Of(
                ChangeFault.NothingToReview, FaultKind.Conflict,
                change.Review is { } given ? $"Change {Number(change)} was reviewed by {given.By} on {Time(given.At)}." : $"Change {Number(change)} was not applied without approval, so there is nothing to review.",
                "'entrepot change list' shows what is owed.")
            : glass.Persons.Contains(person)
                ? Fault.Of(
                    ChangeFault.OwnChange, FaultKind.Forbidden, $"'{person}' applied change {Number(change)} without approval and can't review that: it takes another person.",
                    "Ask somebody else with the role approver.")
                : Own(change, person, "review");

    private static string Since(Change change)
        => (change.End is { } end ? (end.By, end.At) : change.Application is { } application ? (application.By, application.At) : default) is ({ } by, var at) ? $" by {by} since {Time(at)}" : "";

    private static string Number(Change change) => change.Id.ToString(CultureInfo.InvariantCulture);

    private static string Word(Change change) => change.Document.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
