using System.Collections.Immutable;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Guard;

/// <summary>What is to be done about a guarded port.</summary>
public enum GuardAction
{
    /// <summary>Tell of a stranger that was not there before.</summary>
    Alert,

    /// <summary>Let no packet get to the port.</summary>
    Block,

    /// <summary>Let packets get to it again.</summary>
    Unblock,

    /// <summary>Move the service to the emergency port.</summary>
    MoveAway,

    /// <summary>Move the service back to its own port.</summary>
    MoveHome,

    /// <summary>Tell that the strangers have gone.</summary>
    AllClear,
}

/// <summary>What is remembered of a guarded port between two looks.</summary>
public sealed record GuardState
{
    /// <summary>Nothing was seen yet.</summary>
    public static GuardState Initial { get; } = new();

    /// <summary>Strangers that were told of, by the kernel's number of their sockets.</summary>
    public ImmutableHashSet<long> Known { get; init; } = [];

    /// <summary>Looks in a row without a stranger, as far as they matter.</summary>
    public int QuietLooks { get; init; }

    /// <summary>True while the port is blocked.</summary>
    public bool Blocked { get; init; }

    /// <summary>True while the service listens elsewhere.</summary>
    public bool Away { get; init; }

    /// <summary>Looks to wait before the next attempt to move, after one that failed.</summary>
    public int Patience { get; init; }

    /// <summary>Moves that failed in a row.</summary>
    public int Failures { get; init; }

    /// <summary>After an attempt to move that failed: the next comes after 1, 2, 4 … 64 looks.</summary>
    public GuardState AfterFailure() => this with { Failures = Math.Min(Failures + 1, 7), Patience = 1 << Math.Min(Failures, 6) };
}

/// <summary>Decides what to do about a guarded port. Pure: the same look and state give the same actions. A stranger is acted on at once;
/// peace is believed only after <see cref="QuietNeeded"/> looks in a row, so that a stranger who comes and goes moves nobody to and fro.</summary>
public static class GuardPlan
{
    /// <summary>Looks without a stranger before the port counts as free again.</summary>
    public const int QuietNeeded = 3;

    /// <summary>Takes in one look.</summary>
    /// <param name="state">What is remembered.</param>
    /// <param name="report">What the look at the service's own port showed.</param>
    /// <param name="reaction">What happens when a stranger is there.</param>
    /// <param name="canMove">True when the service is one that can move.</param>
    /// <returns>What to remember, and what to do. A move is to be reported back by <see cref="GuardState.Away"/> and
    /// <see cref="GuardState.AfterFailure"/>.</returns>
    public static (GuardState State, ImmutableArray<GuardAction> Actions) Next(GuardState state, OwnerReport report, StrangerReaction reaction, bool canMove)
    {
        var next = state with
        {
            QuietLooks = report.Strangers.Count > 0 ? 0 : Math.Min(state.QuietLooks + 1, QuietNeeded),
            Patience = Math.Max(0, state.Patience - 1),
        };
        return report.Strangers.Count > 0 ? Threatened(next, report, reaction, canMove) : Quiet(next, report);
    }

    private static (GuardState, ImmutableArray<GuardAction>) Threatened(GuardState state, OwnerReport report, StrangerReaction reaction, bool canMove)
    {
        var actions = ImmutableArray.CreateBuilder<GuardAction>();
        var seen = report.Strangers.Select(static stranger => stranger.Socket.Inode).ToImmutableHashSet();
        if (!seen.IsSubsetOf(state.Known))
            actions.Add(GuardAction.Alert);
        // A service that can't move is at least kept from being mistaken for the stranger.
        var block = reaction == StrangerReaction.Block || (reaction == StrangerReaction.Move && !canMove);
        if (block && !state.Blocked)
            actions.Add(GuardAction.Block);
        if (reaction == StrangerReaction.Move && canMove && !state.Away && state.Patience == 0)
            actions.Add(GuardAction.MoveAway);
        return (state with { Known = seen, Blocked = state.Blocked || block }, actions.DrainToImmutable());
    }

    private static (GuardState, ImmutableArray<GuardAction>) Quiet(GuardState state, OwnerReport report)
    {
        if (state.QuietLooks < QuietNeeded)
            return (state, []);
        var actions = ImmutableArray.CreateBuilder<GuardAction>();
        if (state.Known.Count > 0)
            actions.Add(GuardAction.AllClear);
        if (state.Blocked)
            actions.Add(GuardAction.Unblock);
        if (state.Away && report.Free && state.Patience == 0)
            actions.Add(GuardAction.MoveHome);
        return (state with { Known = [], Blocked = false }, actions.DrainToImmutable());
    }
}
