using System.Globalization;
using Entrepot.Core.Changes;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Configuration;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Changes;

/// <summary>The settings of all mirrors. The catalog is the document: applying a change is one transaction.</summary>
internal sealed class MirrorsDocument(MirrorCatalog catalog, ChangeBook book, ChangeSettings settings) : IGovernedDocument
{
    public ChangedDocument Kind => ChangedDocument.Mirrors;

    public byte[] Current() => MirrorsFile.Write(catalog.View);

    public byte[] Normalise(byte[] proposed, string file)
    {
        var mirrors = MirrorsFile.Read(DocumentBytes.Text(proposed, file), file);
        foreach (var mirror in mirrors)
        {
            if (catalog.View.TryGet(mirror.Name, out var there) && (there.Info.Kind != mirror.Kind || there.Info.Format != mirror.Format))
                throw Fault.Of(
                    ChangeFault.Invalid, FaultKind.Invalid, $"{file}: mirror '{mirror.Name}' would become another kind or format, which no mirror can.", "Make another mirror.").ToException();
        }

        return MirrorsFile.Write(mirrors);
    }

    public IReadOnlyList<ChangeEffect> Effect(byte[] before, byte[] after)
    {
        var effects = new List<ChangeEffect>();
        foreach (var (was, now) in Pairs(Read(before), Read(after)))
        {
            if (now is null)
                effects.Add(new ChangeEffect(EffectWeight.Danger, $"mirror {was!.Name}", $"is DELETED with all that it holds{Holds(was.Name)}; nothing brings it back"));
            else if (was is null)
                effects.Add(new ChangeEffect(EffectWeight.Attention, $"mirror {now.Name}", $"is made: {Describe(now)}"));
            else
                Compare(was, now, effects);
        }

        return ChangeEffect.Order(effects);
    }

    public async Task<Change> ApplyAsync(long id, ChangeApplyOrder order, CancellationToken cancellation)
    {
        ChangeStep step = default;
        await catalog.DeclareAsync(
            (transaction, view) =>
            {
                step = book.Begin(transaction, id, order with { NeedsApproval = settings.Needs(Kind) }, MirrorsFile.Write(view));
                if (step.After is null)
                    return null;
                var orders = Orders(view, Read(ChangeBook.Content(transaction, id)));
                step = new ChangeStep(book.Complete(transaction, id, order.By.Actor), null);
                return orders;
            },
            order.By.Actor, cancellation);
        return step.Require();
    }

    /// <summary>Decided and done is one transaction, so nothing can be left half.</summary>
    public Task RecoverAsync(Change applying, CancellationToken cancellation) => Task.CompletedTask;

    private static List<MirrorOrder> Orders(CatalogView view, IReadOnlyList<MirrorInfo> wanted)
        => [.. Pairs([.. view.Mirrors.Values.Select(static mirror => mirror.Info)], wanted)
            .Where(static pair => pair.Was is null || pair.Now is null || pair.Was != pair.Now with { CreatedAt = pair.Was.CreatedAt })
            .Select(static pair => new MirrorOrder((pair.Now ?? pair.Was)!.Name, pair.Now))];

    private static IEnumerable<(MirrorInfo? Was, MirrorInfo? Now)> Pairs(IReadOnlyList<MirrorInfo> before, IReadOnlyList<MirrorInfo> after)
    {
        var (old, next) = (before.ToDictionary(static mirror => mirror.Name), after.ToDictionary(static mirror => mirror.Name));
        return old.Keys.Union(next.Keys).OrderBy(static name => name.Value, StringComparer.Ordinal).Select(name => (old.GetValueOrDefault(name), next.GetValueOrDefault(name)));
    }

    private static void Compare(MirrorInfo was, MirrorInfo now, List<ChangeEffect> effects)
    {
        var subject = $"mirror {now.Name}";
        if (was.IsPrivate && !now.IsPrivate)
            effects.Add(new ChangeEffect(EffectWeight.Danger, subject, "becomes public: everybody may read all that it holds"));
        if (!was.IsPrivate && now.IsPrivate)
            effects.Add(new ChangeEffect(EffectWeight.Attention, subject, "becomes private: reading it takes a credential"));
        if (was.Retention != now.Retention)
            effects.Add(new ChangeEffect(
                EffectWeight.Attention, subject, $"keeps {Describe(now.Retention)} instead of {Describe(was.Retention)}; what is not kept any more goes with the next garbage collection"));
        if (was.Description != now.Description)
            effects.Add(new ChangeEffect(EffectWeight.Note, subject, $"is described as '{now.Description}'"));
    }

    private static string Describe(MirrorInfo mirror)
        => $"a {mirror.Kind.ToString().ToLowerInvariant()} {mirror.Format.ToString().ToLowerInvariant()} mirror, {(mirror.IsPrivate ? "private" : "public")}, which keeps {Describe(mirror.Retention)}";

    private static string Describe(Retention retention) => retention switch
    {
        { KeepSnapshots: null, KeepDays: null } => "every snapshot",
        { KeepSnapshots: { } count, KeepDays: null } => $"the newest {count} snapshots",
        { KeepSnapshots: null, KeepDays: { } days } => $"snapshots of the last {days} days",
        { KeepSnapshots: { } count, KeepDays: { } days } => $"the newest {count} snapshots and those of the last {days} days",
    };

    private string Holds(MirrorName name)
        => catalog.View.TryGet(name, out var mirror)
            ? string.Create(CultureInfo.InvariantCulture, $": {mirror.Current.Number} snapshots were published, the current one has {mirror.Current.Info.Files} files of {ByteSize.Format(mirror.Current.Info.Bytes)}")
            : "";

    private static IReadOnlyList<MirrorInfo> Read(byte[] bytes) => MirrorsFile.Read(DocumentBytes.Text(bytes, "mirrors"), "mirrors");
}
