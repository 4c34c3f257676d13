using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;

namespace Entrepot.Mirror.Catalog;

/// <summary>What one mirror is to be.</summary>
/// <param name="Name">The mirror.</param>
/// <param name="Wanted">What it is, apart from its content and the time it was made; null to remove it with all its snapshots.</param>
public sealed record MirrorOrder(MirrorName Name, MirrorInfo? Wanted);

/// <content>Changing several mirrors as one.</content>
public sealed partial class MirrorCatalog
{
    /// <summary>Makes, changes and removes mirrors in one transaction: clients see them all as before or all as ordered.</summary>
    /// <param name="decide">Is given the transaction and what is published in it; says what to do, or null to do nothing. What it writes in the
    /// transaction belongs to the change, and is kept when it says null too.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <exception cref="FaultException">As for one mirror; nothing was changed then.</exception>
    public Task DeclareAsync(Func<StateTransaction, CatalogView, IReadOnlyList<MirrorOrder>?> decide, string actor, CancellationToken cancellation = default)
        => ChangeAsync(
            (transaction, view) =>
            {
                foreach (var order in decide(transaction, view) ?? [])
                    view = Carry(transaction, view, order, actor);
                return (view, true);
            },
            cancellation);

    /// <summary>Refuses what a mirror can't be.</summary>
    /// <exception cref="FaultException">Kind, format, text or retention are refused.</exception>
    public static void RequireValid(MirrorInfo info)
    {
        MirrorRules.RequireSupported(info.Kind, info.Format);
        MirrorRules.RequireText("description", info.Description);
        MirrorRules.RequireValid(info.Retention);
    }

    private CatalogView Carry(StateTransaction transaction, CatalogView view, MirrorOrder order, string actor)
    {
        var there = view.TryGet(order.Name, out var mirror);
        if (order.Wanted is not { } wanted)
        {
            mirror = view.Get(order.Name);
            MirrorTable.Delete(transaction, mirror.Id, Now());
            Record(transaction, actor, "mirror.delete", order.Name.Value, new { }, before: new { snapshot = mirror.Current.Number, files = mirror.Current.Info.Files }, after: null);
            return view.Without(order.Name);
        }

        RequireValid(wanted);
        if (!there)
        {
            var info = wanted with { CreatedAt = Now() };
            Record(transaction, actor, "mirror.create", order.Name.Value, new { info.Kind, info.Format, info.Description, info.Retention, info.IsPrivate });
            return view.With(new MirrorView(info, EmptySnapshot(info)) { Id = MirrorTable.Insert(transaction, info) });
        }

        var changed = mirror!.Info with { Description = wanted.Description, Retention = wanted.Retention, IsPrivate = wanted.IsPrivate };
        MirrorTable.Update(transaction, mirror.Id, changed);
        Record(
            transaction, actor, "mirror.update", order.Name.Value, new { },
            before: new { mirror.Info.Description, mirror.Info.Retention, mirror.Info.IsPrivate }, after: new { changed.Description, changed.Retention, changed.IsPrivate });
        return view.With(mirror with { Info = changed });
    }
}
