using System.Collections.Concurrent;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Guard;

/// <summary>Looks again and again at the sockets behind the ports of a node, tells of strangers, and moves what can move.</summary>
internal sealed class PortGuard(
    IPortInventory inventory, StateDatabase state, IDoorKeeper keeper, GuardOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>Called for each stranger when it is told of.</summary>
    public event Action<GuardedPort, Stranger>? StrangerSeen;

    /// <summary>Where it looks.</summary>
    public IPortInventory Inventory => inventory;

    /// <summary>Who acts, for the journal.</summary>
    public const string Actor = "system:guard";

    /// <summary>Most looks between two walks over all processes for sockets that are not new.</summary>
    private const int LongestPause = 32;

    /// <summary>Looks for one check that the packet filter's doors stand where the surfaces listen.</summary>
    private const int LooksPerDoor = 15;

    private readonly BackgroundLoops _loops = new(logger);
    private readonly ConcurrentDictionary<string, string?> _refusals = new(StringComparer.Ordinal);
    private readonly Lock _editing = new();
    private IReadOnlyList<Watch> _watches = [];
    private IReadOnlyList<ListeningSocket> _named = [];
    private int _pause = 1;
    private int _untilNaming;

    /// <summary>Watches a surface of this process, which can move.</summary>
    public void Add(RunningSurface surface, PortRequest request)
    {
        lock (_editing)
            _watches = [.. _watches, new Watch(new MovableService(surface, request, options))];
    }

    /// <summary>Has the packet filter follow a service to its ports.</summary>
    /// <returns>False when clients would not get through.</returns>
    public async Task<bool> FollowAsync(PortLease lease, IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        var refusal = await keeper.FollowAsync(lease.Service, lease.Protocol, ports, cancellation);
        // Asked again and again; what stays as it was is told once.
        if (refusal is not null && _refusals.GetValueOrDefault(lease.Service) != refusal.Message)
            Log.DoorStays(logger, lease.Service, refusal.Message);
        _refusals[lease.Service] = refusal?.Message;
        return refusal is null;
    }

    /// <summary>Watches a surface no more. A move in progress is cut short.</summary>
    public async Task RemoveAsync(RunningSurface surface)
    {
        Watch? removed;
        lock (_editing)
        {
            removed = _watches.FirstOrDefault(watch => watch.Service is MovableService movable && movable.Surface == surface);
            _watches = [.. _watches.Where(watch => watch != removed)];
        }

        if (removed is not null)
            await removed.DisposeAsync();
    }

    /// <summary>Watches these ports of other programs, which can't be moved from here, and no others. What is remembered of those that
    /// stay is kept.</summary>
    public void WatchOthers(IReadOnlyCollection<GuardedPort> ports)
    {
        lock (_editing)
        {
            var kept = _watches.Where(static watch => !watch.Service.CanMove).ToDictionary(static watch => watch.Service.Port);
            _watches =
            [
                .. _watches.Where(static watch => watch.Service.CanMove),
                .. ports.Distinct().Select(port => kept.GetValueOrDefault(port) ?? new Watch(new FixedService(port))),
            ];
        }
    }

    /// <summary>Begins to look.</summary>
    public void Start()
    {
        _loops.Start(
            "port guard", cancellation => Rounds.RunAsync(options.Interval, time, LookAsync, error => Log.LookFailed(logger, error.Message), cancellation));
        _loops.Start(
            "doors", cancellation => Rounds.RunAsync(
                options.Interval * LooksPerDoor, time, SettleDoorsAsync, error => Log.LookFailed(logger, error.Message), cancellation));
    }

    /// <summary>Looks once and does what is to be done; moves go on in the background.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var watches = _watches;
        var sockets = Sockets(watches).ToLookup(static socket => (socket.Protocol, socket.Port));
        await RememberBlocksAsync(watches, cancellation);
        foreach (var watch in watches)
        {
            var port = watch.Service.Port;
            var report = OwnerCheck.Judge(port, sockets[(port.Protocol, port.Port)]);
            var before = watch.State with { Away = watch.Service.IsAway };
            var (next, actions) = GuardPlan.Next(before, report, port.Reaction, watch.Service.CanMove);
            watch.State = next;
            foreach (var action in actions)
                await ActAsync(watch, port, report, action, cancellation);
        }
    }

    private async Task SettleDoorsAsync(CancellationToken cancellation)
    {
        foreach (var movable in _watches.Select(static watch => watch.Service).OfType<MovableService>())
            await movable.Surface.SettleDoorAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _loops.DisposeAsync();
        await Task.WhenAll(_watches.Select(static watch => watch.DisposeAsync().AsTask()));
    }

    /// <summary>What was blocked before this process began is to be opened again in its time. Asked once for all, and again while nobody
    /// can say: the agent may start after the node.</summary>
    private async Task RememberBlocksAsync(IReadOnlyList<Watch> watches, CancellationToken cancellation)
    {
        if (watches.All(static watch => watch.Known) || await keeper.BlockedAsync(cancellation) is not { } doors)
            return;
        foreach (var watch in watches.Where(static watch => !watch.Known))
        {
            var port = watch.Service.Port;
            watch.Known = true;
            if (doors.Any(door => door.Protocol == port.Protocol && door.First <= port.Port && port.Port <= door.Last))
                watch.State = watch.State with { Blocked = true };
        }
    }

    /// <summary>The sockets on watched ports with their owners. The owners, which take a walk over all processes, are looked up when a socket
    /// is new; those that can't be seen, and those of strangers, whose socket may be handed to its owner, ever more seldom.</summary>
    private IReadOnlyList<ListeningSocket> Sockets(IReadOnlyList<Watch> watches)
    {
        var sockets = new List<ListeningSocket>();
        foreach (var group in watches.Select(static watch => watch.Service.Port).GroupBy(static port => port.Protocol))
        {
            var ports = PortSet.Of(group.Select(static port => port.Port));
            sockets.AddRange(inventory.Listeners(group.Key).Where(socket => ports.Contains(socket.Port)));
        }

        var changed = !sockets.Select(Key).ToHashSet().SetEquals(_named.Select(Key));
        if (changed)
            _pause = 1;
        if (changed || (IsOpen() && --_untilNaming <= 0))
        {
            _named = inventory.WithAllOwners(sockets);
            _untilNaming = _pause;
            _pause = Math.Min(_pause * 2, LongestPause);
        }

        return _named;

        bool IsOpen() => _named.Any(static socket => socket.Owner is null) || watches.Any(static watch => !watch.State.Known.IsEmpty);

        static (PortProtocol, int, long) Key(ListeningSocket socket) => (socket.Protocol, socket.Port, socket.Inode);
    }

    private async Task ActAsync(Watch watch, GuardedPort port, OwnerReport report, GuardAction action, CancellationToken cancellation)
    {
        switch (action)
        {
            case GuardAction.Alert:
                foreach (var stranger in report.Strangers)
                {
                    Log.Stranger(logger, stranger.Reason);
                    StrangerSeen?.Invoke(port, stranger);
                    await JournalAsync("guard.stranger", port, stranger.Reason, cancellation);
                }

                break;
            case GuardAction.AllClear:
                Log.StrangerGone(logger, port.Name, port.Service);
                await JournalAsync("guard.clear", port, "No stranger is there any more.", cancellation);
                break;
            case GuardAction.Block or GuardAction.Unblock:
                await BlockAsync(watch, port, action == GuardAction.Block, cancellation);
                break;
            default:
                if (watch.Move.IsCompleted)
                    watch.Move = MoveAsync(watch, port, home: action == GuardAction.MoveHome);
                break;
        }
    }

    private async Task BlockAsync(Watch watch, GuardedPort port, bool block, CancellationToken cancellation)
    {
        if (await keeper.BlockAsync(port, block, cancellation) is { } refusal)
        {
            // Tried again with the next look, and told of once.
            if (watch.Refusal != refusal.Message)
                Log.BlockFailed(logger, port.Name, port.Service, refusal.Message);
            watch.Refusal = refusal.Message;
            watch.State = watch.State with { Blocked = !block };
            return;
        }

        watch.Refusal = null;
        Log.Blocked(logger, port.Name, port.Service, block ? "blocked" : "open again");
        await JournalAsync(block ? "guard.block" : "guard.unblock", port, block ? "A stranger has it." : "No stranger is there any more.", cancellation, block ? ("\"open\"", "\"blocked\"") : ("\"blocked\"", "\"open\""));
    }

    private async Task MoveAsync(Watch watch, GuardedPort port, bool home)
    {
        try
        {
            if (await watch.Service.MoveAsync(home, watch.Stopping))
            {
                watch.State = watch.State with { Failures = 0 };
                return;
            }

            Failed("clients could not be told");
        }
        catch (OperationCanceledException) when (watch.Stopping.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception error)
        {
            Failed(error.Message);
        }

        void Failed(string why)
        {
            watch.State = watch.State.AfterFailure();
            Log.MoveFailed(logger, port.Service, port.Name, why);
        }
    }

    private Task JournalAsync(string action, GuardedPort port, string reason, CancellationToken cancellation, (string? Before, string? After) change = default)
        => state.WriteAsync(
            transaction => JournalTable.Append(transaction, new JournalEntry(
                time.GetUtcNow(), Actor, action, $"{options.Node}/{port.Name}", JournalDetails.Of(("service", port.Service), ("reason", reason)))
            {
                Before = change.Before, After = change.After,
            }),
            cancellation);

    /// <summary>One watched service with what is remembered of it.</summary>
    private sealed class Watch(IGuardedService service) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken Stopping => _stopping.Token;

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await Move;
            _stopping.Dispose();
        }

        public IGuardedService Service => service;

        public GuardState State { get; set; } = GuardState.Initial;

        public bool Known { get; set; }

        public string? Refusal { get; set; }

        public Task Move { get; set; } = Task.CompletedTask;
    }
}
