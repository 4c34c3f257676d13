using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Changes;

/// <summary>Changes of documents: what they say, what they would do, who may do what with them, and how they come about.</summary>
internal sealed class ChangeService(ChangeDesk desk, IReadOnlyList<IGovernedDocument> documents, ChangeSettings settings, Func<string, string?> issuerOf, TimeProvider time, ILogger logger)
{
    /// <summary>Time between two rounds.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);

    /// <summary>Time between two reminders of a review that is owed.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromHours(1);

    private DateTimeOffset _reminded = DateTimeOffset.MinValue;

    public ChangeBook Book => desk.Book;

    /// <summary>A document as it is in force.</summary>
    public CurrentDocument Current(string document)
    {
        var governed = Named(document);
        var bytes = governed.Current();
        return new CurrentDocument(Word(governed.Kind), settings.Needs(governed.Kind), Sha256Digest.Of(bytes), bytes);
    }

    /// <summary>Changes, newest first, and what is loud.</summary>
    public ChangeListDocument List(int count)
        => new(Warnings(), [.. settings.Require.Distinct().Select(static document => Word(document))], [.. Book.List(null, count).Select(Summary)]);

    /// <summary>One change with its diff and effect.</summary>
    public ChangeDocument Show(long id)
    {
        var (change, bytes) = Book.Get(id);
        var effects = change.IsOpenAt(Book.Now) && change.State != ChangeState.Applying
            ? Effects(Of(change.Document), bytes.Base, bytes.Content)
            : JsonSerializer.Deserialize(bytes.Effect, ApiJson.Default.IReadOnlyListEffectDocument);
        return Whole(change, bytes.Base, bytes.Content, effects);
    }

    /// <summary>Proposes a change, or only says what it would do.</summary>
    public async Task<ChangeDocument> ProposeAsync(ProposeChangeRequest request, ChangeActor by, CancellationToken cancellation)
    {
        var governed = Named(request.Document);
        var before = governed.Current();
        var after = governed.Normalise(request.Bytes, request.File is { Length: > 0 and <= 200 } file && !file.Any(char.IsControl) ? file : Word(governed.Kind));
        ChangeBook.Check(before, after);
        var effects = Effects(governed, before, after);
        var now = Book.Now;
        var change = request.DryRun
            ? new Change(0, governed.Kind, Sha256Digest.Of(before), Sha256Digest.Of(after), by.Principal, by.Persons, request.Reason, now, now + settings.ProposalLifetime)
            : await Book.ProposeAsync(governed.Kind, new ChangeBytes(before, after, Json(effects)), request.Reason, by, cancellation);
        return Whole(change, before, after, effects);
    }

    /// <summary>Applies a change, or only says what it would do.</summary>
    public async Task<ChangeDocument> ApplyAsync(long id, ApplyChangeRequest request, ChangeActor by, CancellationToken cancellation)
    {
        var (change, bytes) = Book.Get(id);
        var governed = Of(change.Document);
        if (request.BreakGlass is { } why && (string.IsNullOrWhiteSpace(why) || why.Length > ChangeBook.MaxReason || why.Any(char.IsControl)))
            throw Fault.Of(ChangeFault.Reason, FaultKind.Invalid, "Breaking the glass needs a reason, as one line of text.", "Say --reason TEXT.").ToException();
        if (request.BreakGlass is not null && !settings.Needs(change.Document))
            throw Fault.Of(
                ChangeFault.NoApprovalNeeded, FaultKind.Conflict, $"The {Word(change.Document)} document needs no approval here, so there is no glass to break.", $"Apply it: entrepot change apply {id}.").ToException();
        // As far as it can be known now; the transaction judges again.
        var (now, application) = (Book.Now, new ChangeApplication(by.Principal, Book.Now));
        var needs = settings.Needs(change.Document);
        var step = ChangeRules.Take(
            change,
            request.BreakGlass is null ? new ChangeAct.Begin(application, needs) : new ChangeAct.BreakGlass(application, new BrokenGlass(request.BreakGlass, by.Persons, now + settings.ReviewWithin)),
            now);
        var isCurrent = Sha256Digest.Of(governed.Current()) == change.Base;
        var effects = step.After is not null && isCurrent ? Effects(governed, bytes.Base, bytes.Content) : [];
        if (request.DryRun)
        {
            step.Require();
            return isCurrent ? Whole(change, bytes.Base, bytes.Content, effects) : throw Fault.Of(
                ChangeFault.Superseded, FaultKind.Conflict, $"Change {id} was made from a document that is not the current one any more.",
                $"Make it from what is current, 'entrepot change current {Word(change.Document)}', and propose it again.").ToException();
        }

        var applied = await governed.ApplyAsync(id, new ChangeApplyOrder(by, needs, request.BreakGlass, Json(effects)), cancellation);
        if (applied.Glass is { } glass)
            Log.GlassBroken(logger, id, Word(applied.Document), by.Actor, glass.Why, glass.ReviewDue);
        else
            Log.Applied(logger, id, Word(applied.Document), by.Actor);
        return Show(id);
    }

    /// <summary>The document of a change after a step.</summary>
    public ChangeDocument Summary(Change change)
    {
        var now = Book.Now;
        return new ChangeDocument(
            change.Id, Word(change.Document), Word(change.StateAt(now)), change.Proposer, change.Reason, change.ProposedAt, change.ExpiresAt, change.Base, change.Content,
            settings.Needs(change.Document))
        {
            Approval = change.Approval is { } approval ? Signed(approval.By, approval.At, approval.Until, approval.Proof) : null,
            End = change.End is { } end ? new ChangeStepDocument(end.By, end.At, end.Why) : null,
            Application = change.Application is { } application ? new ChangeStepDocument(application.By, application.At, null) : null,
            BreakGlass = change.Glass is { } glass ? new BreakGlassDocument(glass.Why, glass.ReviewDue, change.OwesReview && now >= glass.ReviewDue) : null,
            Review = change.Review is { } review ? Signed(review.By, review.At, null, review.Proof) : null,
        };
    }

    /// <summary>Who a principal is, and everybody whom it may be: the name of a token or certificate, and of whoever had it made.</summary>
    public ChangeActor ActorOf(Principal principal, string actor)
        => new(principal.Name, ChangePersons.Of(principal.Name, issuerOf), actor);

    /// <summary>Carries out what was decided, and looks after what time changes, until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Rounds.RunAsync(Round, time, RoundAsync, error => Log.RoundFailed(logger, error), cancellation);

    /// <summary>One round.</summary>
    internal async Task RoundAsync(CancellationToken cancellation)
    {
        foreach (var change in Book.Pending().Where(static change => change.State == ChangeState.Applying))
            await Of(change.Document).RecoverAsync(change, cancellation);
        await Book.SweepAsync(cancellation);
        var now = time.GetUtcNow();
        if (now - _reminded < Reminder)
            return;
        _reminded = now;
        foreach (var warning in Book.Owed().Select(Owed))
            Log.Owed(logger, warning);
    }

    private List<string> Warnings() => [.. Book.Owed().Select(Owed), .. desk.Portfile?.Stray is { } stray ? [stray] : Array.Empty<string>()];

    private string Owed(Change change)
    {
        var late = Book.Now >= change.Glass!.ReviewDue;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Change {change.Id} of the {Word(change.Document)} was applied without approval by {change.Application!.By} on {Time(change.Application.At)} ({change.Glass.Why}). Its review {(late ? $"is OVERDUE since {Time(change.Glass.ReviewDue)}" : $"is owed until {Time(change.Glass.ReviewDue)}")}: entrepot change review {change.Id}");
    }

    private ChangeDocument Whole(Change change, byte[] before, byte[] after, IReadOnlyList<EffectDocument>? effects)
        => Summary(change) with
        {
            BaseIsCurrent = change.IsOpenAt(Book.Now) && change.State != ChangeState.Applying ? Sha256Digest.Of(Of(change.Document).Current()) == change.Base : null,
            Diff = DocumentDiff.Of(DocumentBytes.Text(before, "the document"), DocumentBytes.Text(after, "the document")),
            Effects = effects,
            Bytes = after,
        };

    private SignedDocument Signed(string by, DateTimeOffset at, DateTimeOffset? until, SignedStatement proof) => new(by, at, until, proof.Statement, proof.Signature, Book.Key.Pem);

    private IGovernedDocument Of(ChangedDocument kind) => documents.Single(document => document.Kind == kind);

    private IGovernedDocument Named(string word)
        => documents.FirstOrDefault(document => Word(document.Kind) == word) ?? throw Fault.Of(
            ChangeFault.NoDocument, FaultKind.Invalid,
            Suggestion.For(word, documents.Select(static document => Word(document.Kind))) is { } near ? $"'{word}' is no document that is changed so; did you mean '{near}'?" : $"'{word}' is no document that is changed so.",
            $"Documents are {string.Join(" and ", documents.Select(static document => Word(document.Kind)))}.").ToException();

    private static List<EffectDocument> Effects(IGovernedDocument governed, byte[] before, byte[] after)
        => [.. governed.Effect(before, after).Select(static effect => new EffectDocument(Word(effect.Weight), effect.Subject, effect.Text))];

    private static string Json(IReadOnlyList<EffectDocument> effects) => JsonSerializer.Serialize(effects, ApiJson.Default.IReadOnlyListEffectDocument);

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
