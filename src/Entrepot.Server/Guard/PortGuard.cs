using Entrepot.Core.Faults;
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

    /// <summary>How often the owners of the same sockets are looked up.</summary>
    private const int MostLookups = 3;

    private readonly BackgroundLoops _loops = new(logger);
    private readonly Lock _editing = new();
    private IReadOnlyList<Watch> _watches = [];
    private IReadOnlyList<ListeningSocket> _named = [];
    private int _lookups;
    private bool _failing;

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
        if (await keeper.FollowAsync(lease.Service, lease.Protocol, ports, cancellation) is not { } refusal)
            return true;
        Log.DoorStays(logger, lease.Service, refusal.Message);
        return false;
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
    public void Start() => _loops.Start("port guard", async cancellation =>
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        do
        {
            try
            {
                await LookAsync(cancellation);
                _failing = false;
            }
            catch (Exception error) when (error is FaultException or IOException or UnauthorizedAccessException)
            {
                // A guard that gives up guards nothing: the next look may do.
                if (!_failing)
                    Log.LookFailed(logger, error.Message);
                _failing = true;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    });

    /// <summary>Looks once and does what is to be done; moves go on in the background.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var watches = _watches;
        var sockets = Sockets(watches);
        foreach (var watch in watches)
        {
            var port = watch.Service.Port;
            var report = OwnerCheck.Judge(port, sockets);
            if (!watch.Known)
            {
                // What was blocked before this process began is to be opened again in its time.
                watch.State = watch.State with { Blocked = await keeper.IsBlockedAsync(port, cancellation) };
                watch.Known = true;
            }

            var before = watch.State with { Away = watch.Service.IsAway };
            var (next, actions) = GuardPlan.Next(before, report, port.Reaction, watch.Service.CanMove);
            watch.State = next;
            foreach (var action in actions)
                await ActAsync(watch, port, report, action, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _loops.DisposeAsync();
        foreach (var watch in _watches)
            await watch.DisposeAsync();
    }

    /// <summary>The sockets on watched ports with their owners. The owners, which are dear, are looked up only when a socket is new.</summary>
    private IReadOnlyList<ListeningSocket> Sockets(IReadOnlyList<Watch> watches)
    {
        var sockets = new List<ListeningSocket>();
        foreach (var group in watches.Select(static watch => watch.Service.Port).GroupBy(static port => port.Protocol))
        {
            var ports = PortSet.Of(group.Select(static port => port.Port));
            sockets.AddRange(inventory.Listeners(group.Key).Where(socket => ports.Contains(socket.Port)));
        }

        if (!sockets.Select(Key).ToHashSet().SetEquals(_named.Select(Key)))
            _lookups = 0;
        // An owner may be missing because its process has just started, or for good because this user may not look into it.
        if (_lookups == 0 || (_lookups < MostLookups && _named.Any(static socket => socket.Owner is null)))
        {
            _named = inventory.WithOwners(sockets);
            _lookups++;
        }

        return _named;

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
        await JournalAsync(block ? "guard.block" : "guard.unblock", port, block ? "A stranger has it." : "No stranger is there any more.", cancellation);
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
        catch (FaultException error)
        {
            Failed(error.Message);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }

        void Failed(string why)
        {
            watch.State = watch.State.AfterFailure();
            Log.MoveFailed(logger, port.Service, port.Name, why);
        }
    }

    private Task JournalAsync(string action, GuardedPort port, string reason, CancellationToken cancellation)
        => state.WriteAsync(
            transaction => JournalTable.Append(transaction, new JournalEntry(
                time.GetUtcNow(), Actor, action, $"{options.Node}/{port.Name}", JournalDetails.Of(("service", port.Service), ("reason", reason)))),
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
