using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;

namespace Entrepot.Trust.Changes;

/// <summary>Keeps the changes of documents: who asked, who approved, what became of them. Every step is one transaction with its journal entry, and
/// is judged again inside it. Safe for use by several threads.</summary>
/// <remarks>What a document is, how it is checked and how it is brought about is not known here: whoever applies a change calls
/// <see cref="Begin"/> and <see cref="Complete"/> in transactions of its own.</remarks>
public sealed class ChangeBook
{
    /// <summary>Longest document in bytes: a portfile's longest text.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Most changes that wait.</summary>
    public const int MaxOpen = 50;

    /// <summary>Most changes that are kept after their end; the journal keeps that there were others.</summary>
    public const int MaxKept = 1000;

    /// <summary>Longest reason in characters.</summary>
    public const int MaxReason = 1000;

    private readonly StateDatabase _state;
    private readonly ChangeKey _key;
    private readonly string _network;
    private readonly ChangeTerms _terms;
    private readonly TimeProvider _time;

    /// <summary>Opens the changes.</summary>
    /// <param name="state">Where they are kept.</param>
    /// <param name="key">Signs what people approve.</param>
    /// <param name="network">The network's identifier, which is part of what is signed.</param>
    /// <param name="terms">How long things hold.</param>
    /// <param name="time">The clock.</param>
    public ChangeBook(StateDatabase state, ChangeKey key, string network, ChangeTerms terms, TimeProvider time)
        => (_state, _key, _network, _terms, _time) = (state, key, network, terms, time);

    /// <summary>The key that signs.</summary>
    public ChangeKey Key => _key;

    /// <summary>The time, to the millisecond.</summary>
    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Changes, newest first.</summary>
    /// <param name="before">Only those with a smaller number; null for the newest.</param>
    /// <param name="count">How many at most, 1–1000.</param>
    public IReadOnlyList<Change> List(long? before = null, int count = 100) => _state.Read(connection => ChangeTable.Page(connection, before ?? long.MaxValue, Math.Clamp(count, 1, MaxKept)));

    /// <summary>Those that wait or are being applied.</summary>
    public IReadOnlyList<Change> Pending() => _state.Read(ChangeTable.Pending);

    /// <summary>Those that were applied without approval and nobody has looked at since.</summary>
    public IReadOnlyList<Change> Owed() => _state.Read(ChangeTable.Owed);

    /// <summary>One change with its documents.</summary>
    /// <exception cref="FaultException"><see cref="ChangeFault.NotFound"/>.</exception>
    public (Change Change, ChangeBytes Bytes) Get(long id)
        => _state.Read(connection => ChangeTable.Find(connection, id) is { } change && ChangeTable.Bytes(connection, id) is { } bytes ? (change, bytes) : ((Change, ChangeBytes)?)null)
            ?? throw NotFound(id);

    /// <summary>A document as it was approved last; null while nobody asks for approval.</summary>
    public AcceptedDocument? Accepted(ChangedDocument document) => _state.Read(connection => ChangeTable.Accepted(connection, document));

    /// <summary>Takes a document as it is for the one that the next change is made from.</summary>
    public Task AcceptAsync(ChangedDocument document, byte[] bytes, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                ChangeTable.Accept(transaction, document, bytes, null, Now);
                Journal(transaction, actor, "change.accept", Word(document), ("digest", Sha256Digest.Of(bytes).ToString()));
            },
            cancellation);

    /// <summary>Forgets it, as nobody asks for approval any more.</summary>
    public Task UnacceptAsync(ChangedDocument document, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                if (ChangeTable.Unaccept(transaction, document))
                    Journal(transaction, actor, "change.unaccept", Word(document));
            },
            cancellation);

    /// <summary>Keeps a proposal.</summary>
    /// <exception cref="FaultException"><see cref="ChangeFault.Unchanged"/>, <see cref="ChangeFault.TooLarge"/>, <see cref="ChangeFault.TooMany"/> or
    /// <see cref="ChangeFault.Reason"/>.</exception>
    public Task<Change> ProposeAsync(ChangedDocument document, ChangeBytes bytes, string reason, ChangeActor by, CancellationToken cancellation = default)
    {
        RequireReason(reason);
        Check(bytes.Base, bytes.Content);
        return _state.WriteAsync(
            transaction =>
            {
                var now = Now;
                var pending = ChangeTable.Pending(transaction);
                if (pending.Count(change => change.IsOpenAt(now)) >= MaxOpen)
                    throw Fault.Of(ChangeFault.TooMany, FaultKind.Exhausted, $"{MaxOpen} changes wait already.", "Have some approved and applied, or rejected: 'entrepot change list'.").ToException();
                ChangeTable.Forget(transaction, MaxKept);
                var change = ChangeTable.Insert(
                    transaction,
                    new Change(0, document, Sha256Digest.Of(bytes.Base), Sha256Digest.Of(bytes.Content), by.Principal, by.Persons, reason.Trim(), now, now + _terms.Proposal), bytes);
                Journal(transaction, by.Actor, "change.propose", Subject(change), ("reason", change.Reason), ("base", change.Base.ToString()), ("content", change.Content.ToString()));
                return change;
            },
            cancellation);
    }

    /// <summary>Refuses what <see cref="ProposeAsync"/> would refuse about documents.</summary>
    /// <exception cref="FaultException"><see cref="ChangeFault.Unchanged"/> or <see cref="ChangeFault.TooLarge"/>.</exception>
    public static void Check(byte[] before, byte[] after)
    {
        if (after.Length > MaxBytes)
            throw Fault.Of(ChangeFault.TooLarge, FaultKind.TooLarge, $"The document has {after.Length} bytes; {MaxBytes} is the most.", "Make it shorter.").ToException();
        if (before.AsSpan().SequenceEqual(after))
            throw Fault.Of(ChangeFault.Unchanged, FaultKind.Invalid, "The document is what is in force already.", "Change something in it.").ToException();
    }

    /// <summary>Tells whether a person may approve, reject or review, before it is asked for a code.</summary>
    /// <exception cref="FaultException">It may not; that is journalled.</exception>
    public async Task RequireAsync(long id, ChangeActor by, string person, ChangeVerb verb, CancellationToken cancellation = default)
    {
        var (change, _) = Get(id);
        if (Draft(change, by.Principal, person, verb, "", signs: false).Refusal is not { } refusal)
            return;
        await _state.WriteAsync(transaction => Refused(transaction, by.Actor, ActionOf(verb), change, refusal), cancellation);
        throw refusal.ToException();
    }

    /// <summary>A person approves, rejects or reviews, having proven once more who it is.</summary>
    /// <param name="id">The change.</param>
    /// <param name="by">Who.</param>
    /// <param name="person">The account's name.</param>
    /// <param name="verb">What it does.</param>
    /// <param name="why">Why, for a rejection.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException">As <see cref="ChangeRules"/> judges.</exception>
    public async Task<Change> DecideAsync(long id, ChangeActor by, string person, ChangeVerb verb, string why = "", CancellationToken cancellation = default)
    {
        if (verb == ChangeVerb.Reject)
            RequireReason(why);
        var step = await _state.WriteAsync(
            transaction =>
            {
                var before = ChangeTable.Find(transaction, id) ?? throw NotFound(id);
                var draft = Draft(before, by.Principal, person, verb, why.Trim(), signs: true);
                if (draft.After is { } after)
                    Write(transaction, by.Actor, ActionOf(verb), before, after, ("content", after.Content.ToString()), ("reason", why.Length > 0 ? why.Trim() : null));
                else
                    Refused(transaction, by.Actor, ActionOf(verb), before, draft.Refusal!);
                return draft;
            },
            cancellation);
        return step.Require();
    }

    /// <summary>Decides that a change is applied, in the caller's transaction: it must be approved where that is needed, by a signature that is good over
    /// these very bytes, and its base must be the current document. What else waits for the document is superseded.</summary>
    /// <param name="transaction">The caller's.</param>
    /// <param name="id">The change.</param>
    /// <param name="order">Who has it applied, and how.</param>
    /// <param name="current">The document as it is.</param>
    /// <returns>The change as it is being applied, or the refusal: then what was written belongs to it, so the transaction must be kept.</returns>
    /// <exception cref="FaultException"><see cref="ChangeFault.NotFound"/>.</exception>
    public ChangeStep Begin(StateTransaction transaction, long id, ChangeApplyOrder order, byte[] current)
    {
        var now = Now;
        var before = ChangeTable.Find(transaction, id) ?? throw NotFound(id);
        var action = order.BreakGlass is null ? "change.begin" : "change.break-glass";
        var application = new ChangeApplication(order.By.Principal, now);
        ChangeAct act = order.BreakGlass is { } why
            ? new ChangeAct.BreakGlass(application, new BrokenGlass(why.Trim(), order.By.Persons, now + _terms.Review))
            : new ChangeAct.Begin(application, order.NeedsApproval);
        var step = ChangeRules.Take(before, act, now);
        if (step.After is { } begun && (Proven(transaction, before) is { } broken))
            step = new ChangeStep(null, broken);
        else if (step.After is not null && Sha256Digest.Of(current) != before.Base)
            return Supersede(transaction, before, order.By, "the document was changed otherwise", now);
        if (step.After is not { } after)
        {
            Refused(transaction, order.By.Actor, action, before, step.Refusal!);
            return step;
        }

        Write(transaction, order.By.Actor, action, before, after, ("content", after.Content.ToString()), ("base", after.Base.ToString()), ("reason", after.Glass?.Why));
        ChangeTable.SetEffect(transaction, id, order.Effect);
        foreach (var other in ChangeTable.Pending(transaction).Where(other => other.Id != id && other.Document == after.Document && other.Base != after.Content && other.State != ChangeState.Applying))
            Supersede(transaction, other, order.By with { Actor = "system:changes" }, $"change {after.Id} was applied first", now);
        return step;
    }

    /// <summary>Notes in the caller's transaction that the document is what a change says.</summary>
    public Change Complete(StateTransaction transaction, long id, string actor)
    {
        var before = ChangeTable.Find(transaction, id) ?? throw NotFound(id);
        var after = ChangeRules.Take(before, new ChangeAct.Complete(), Now).Require();
        Write(transaction, actor, "change.apply", before, after, ("content", after.Content.ToString()));
        return after;
    }

    /// <summary>Notes that a change that was being applied lost its base: somebody else changed the document before it was written.</summary>
    public Task AbandonAsync(long id, string why, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                if (ChangeTable.Find(transaction, id) is { State: ChangeState.Applying } change)
                    Supersede(transaction, change, new ChangeActor("system:changes", new HashSet<string>(), "system:changes"), why, Now);
            },
            cancellation);

    /// <summary>Has the current document of a kind follow a change, in the caller's transaction.</summary>
    public void Accept(StateTransaction transaction, Change change, byte[] bytes) => ChangeTable.Accept(transaction, change.Document, bytes, change.Id, Now);

    /// <summary>A document as it was approved last, as the transaction sees it.</summary>
    public static AcceptedDocument? Accepted(StateTransaction transaction, ChangedDocument document) => ChangeTable.Accepted(transaction, document);

    /// <summary>Exactly what a change applies, as the transaction sees it.</summary>
    public static byte[] Content(StateTransaction transaction, long id) => ChangeTable.Bytes(transaction, id).Content;

    /// <summary>Writes down whose time is over.</summary>
    public async Task SweepAsync(CancellationToken cancellation = default)
    {
        var now = Now;
        if (!Pending().Any(change => change.StateAt(now) == ChangeState.Expired))
            return;
        await _state.WriteAsync(
            transaction =>
            {
                foreach (var change in ChangeTable.Pending(transaction).Where(change => change.StateAt(now) == ChangeState.Expired))
                    Write(transaction, "system:changes", "change.expire", change, ChangeRules.Take(change, new ChangeAct.Expire(), now).Require());
            },
            cancellation);
    }

    /// <summary>Why what is kept of a change can't be applied, or null: the bytes must be those of its digest, and an approval must be signed over exactly
    /// what the row says.</summary>
    private Fault? Proven(StateTransaction transaction, Change change)
    {
        if (Sha256Digest.Of(ChangeTable.Bytes(transaction, change.Id).Content) != change.Content)
            return Tampered(change, "its document is not the one that was proposed");
        if (change.Approval is not { } approval)
            return null;
        return approval.Proof.Statement == ChangeStatement.Approval(_network, change, approval.By, approval.At, approval.Until) && ChangeStatement.IsSignedBy(_key.PublicKey, approval.Proof)
            ? null
            : Tampered(change, "its approval is not signed over what would be applied");
    }

    private ChangeStep Draft(Change change, string principal, string person, ChangeVerb verb, string why, bool signs)
    {
        var now = Now;
        var nothing = new SignedStatement("", []);
        ChangeAct Act(SignedStatement proof) => verb switch
        {
            ChangeVerb.Approve => new ChangeAct.Approve(person, new ChangeApproval(principal, now, now + _terms.Approval, proof)),
            ChangeVerb.Reject => new ChangeAct.Reject(person, new ChangeEnd(principal, now, why)),
            _ => new ChangeAct.Review(person, new ChangeReview(principal, now, proof)),
        };
        var step = ChangeRules.Take(change, Act(nothing), now);
        return step.After is null || !signs || verb == ChangeVerb.Reject
            ? step
            : ChangeRules.Take(
                change,
                Act(_key.Sign(verb == ChangeVerb.Approve
                    ? ChangeStatement.Approval(_network, change, principal, now, now + _terms.Approval)
                    : ChangeStatement.Review(_network, change, principal, now))),
                now);
    }

    private ChangeStep Supersede(StateTransaction transaction, Change change, ChangeActor by, string why, DateTimeOffset now)
    {
        if (ChangeRules.Take(change, new ChangeAct.Supersede(new ChangeEnd(by.Principal, now, why)), now) is { After: { } after })
        {
            Write(transaction, by.Actor, "change.supersede", change, after, ("reason", why));
            change = after;
        }

        return new ChangeStep(null, ChangeRules.Take(change, new ChangeAct.Complete(), now).Refusal);
    }

    private void Write(StateTransaction transaction, string actor, string action, Change before, Change after, params ReadOnlySpan<(string Name, string? Value)> details)
    {
        ChangeTable.Update(transaction, after);
        JournalTable.Append(transaction, new JournalEntry(Now, actor, action, Subject(after), Json(details)) { Before = StateJson(before), After = StateJson(after) });
    }

    private void Refused(StateTransaction transaction, string actor, string action, Change change, Fault refusal)
        => JournalTable.Append(transaction, new JournalEntry(Now, actor, action, Subject(change), Json(("reason", refusal.Code))) { Result = JournalResult.Refused });

    private void Journal(StateTransaction transaction, string actor, string action, string subject, params ReadOnlySpan<(string Name, string? Value)> details)
        => JournalTable.Append(transaction, new JournalEntry(Now, actor, action, subject, Json(details)));

    private static void RequireReason(string reason)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > MaxReason || reason.Any(char.IsControl))
            throw Fault.Of(ChangeFault.Reason, FaultKind.Invalid, "A reason is needed, as one line of text.", $"Say --reason with 1–{MaxReason} characters.").ToException();
    }

    private static string Json(params ReadOnlySpan<(string Name, string? Value)> details)
    {
        var fields = new Dictionary<string, string>();
        foreach (var (name, value) in details)
        {
            if (value is not null)
                fields[name] = value;
        }

        return JsonSerializer.Serialize(fields);
    }

    private static string StateJson(Change change) => Json(("state", Word(change.State)));

    private static string Subject(Change change) => $"{Word(change.Document)}#{change.Id}";

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();

    private static string ActionOf(ChangeVerb verb) => $"change.{Word(verb)}";

    private static Fault Tampered(Change change, string what) => Fault.Of(
        ChangeFault.Tampered, FaultKind.Internal, $"Change {change.Id} is not applied: {what}.", "Somebody has edited the state database. Verify the journal, and propose the change again.");

    private static FaultException NotFound(long id)
        => Fault.Of(ChangeFault.NotFound, FaultKind.NotFound, $"There is no change {id}.", "See 'entrepot change list'.").ToException();
}

/// <summary>What people do with changes of others.</summary>
public enum ChangeVerb
{
    /// <summary>Let it be applied.</summary>
    Approve,

    /// <summary>Let it not be applied.</summary>
    Reject,

    /// <summary>Look at what was applied without approval.</summary>
    Review,
}

/// <summary>How a change is to be applied.</summary>
/// <param name="By">Who has it applied.</param>
/// <param name="NeedsApproval">True when its document is changed by approved changes only.</param>
/// <param name="BreakGlass">Why it can't wait for approval, or null.</param>
/// <param name="Effect">What it does, as JSON, computed just now.</param>
public sealed record ChangeApplyOrder(ChangeActor By, bool NeedsApproval, string? BreakGlass, string Effect);
