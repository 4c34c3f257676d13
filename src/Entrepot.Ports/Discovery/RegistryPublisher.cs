using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Ports.Discovery;

/// <summary>How publishing stands.</summary>
/// <param name="Published">Instances that the registry had right at the end of the last good round.</param>
/// <param name="Failures">Failed rounds since then.</param>
/// <param name="LastSuccess">When that was, or null for never.</param>
/// <param name="Trouble">Why the last round failed, or null when it did not.</param>
public sealed record RegistryState(int Published, int Failures, DateTimeOffset? LastSuccess, string? Trouble);

/// <summary>Keeps a registry showing what a node's leases say. Each round compares what is wanted with what is there and mends the
/// difference, so an outage, a registry that forgot everything and a hand that deleted something all end the same way. Leases never wait
/// for it.</summary>
public sealed class RegistryPublisher : IDisposable
{
    /// <summary>Longest that the farewell of <see cref="WithdrawAllAsync"/> may take.</summary>
    public static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private readonly IServiceRegistry _registry;
    private readonly NodeName _publisher;
    private readonly Func<IReadOnlyList<ServiceInstance>> _wanted;
    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _round = new(1, 1);
    private TaskCompletionSource _poked = NewSignal();
    private volatile RegistryState _state = new(0, 0, null, null);
    private bool _isStopped;

    /// <summary>Makes a publisher; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="registry">Where to publish; disposed of with the publisher.</param>
    /// <param name="publisher">The node.</param>
    /// <param name="wanted">Reads the instances as they are now; must be quick.</param>
    /// <param name="options">How.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of the first failure, of recovery and of changes; not of every round.</param>
    public RegistryPublisher(
        IServiceRegistry registry, NodeName publisher, Func<IReadOnlyList<ServiceInstance>> wanted, RegistryOptions options, TimeProvider time, ILogger logger)
        => (_registry, _publisher, _wanted, _options, _time, _logger) = (registry, publisher, wanted, options, time, logger);

    /// <summary>How publishing stands.</summary>
    public RegistryState State => _state;

    /// <summary>Asks for a round now, because something changed. Returns at once; during an outage the wait goes on all the same.</summary>
    public void Poke() => Volatile.Read(ref _poked).TrySetResult();

    /// <summary>Publishes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var signal = NewSignal();
            Volatile.Write(ref _poked, signal);
            await RoundAsync(cancellation);
            var wait = Task.Delay(_options.BackOff(_state.Failures), _time, cancellation);
            await (_state.Failures > 0 ? wait : Task.WhenAny(signal.Task, wait)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One round: compare, mend, renew. Never throws but for the cancellation; the outcome is in <see cref="State"/>.</summary>
    /// <returns>True when the registry is right now.</returns>
    public async Task<bool> RoundAsync(CancellationToken cancellation)
    {
        await _round.WaitAsync(cancellation);
        try
        {
            using var deadline = new CancellationTokenSource(_options.RoundTimeout, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
            if (_isStopped)
                return false;
            try
            {
                await MendAsync(both.Token);
                return true;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                Fail($"{_registry.Name} did not answer in time");
            }
            catch (FaultException error)
            {
                Fail(error.Message);
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                // Whatever a client library throws says nothing about the next round.
                Fail($"{_registry.Name}: {error.GetType().Name}: {error.Message}");
            }

            return false;
        }
        finally
        {
            _round.Release();
        }
    }

    /// <summary>Takes everything out before the node stops, so that nobody is sent to it meanwhile; what fails expires by itself. Rounds do
    /// nothing after it.</summary>
    public async Task WithdrawAllAsync(CancellationToken cancellation)
    {
        await _round.WaitAsync(cancellation);
        try
        {
            _isStopped = true;
            if (_state.LastSuccess is null || _state.Failures > 0)
                return;
            using var deadline = new CancellationTokenSource(FarewellTimeout, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
            foreach (var known in await _registry.ListAsync(_publisher, both.Token))
                await _registry.WithdrawAsync(known.Instance, both.Token);
        }
        catch (Exception error)
        {
            // Stopping goes on whatever the registry does.
            Log.FarewellFailed(_logger, _registry.Name, error.Message);
        }
        finally
        {
            _round.Release();
        }
    }

    /// <summary>Closes the registry; call after <see cref="RunAsync"/> has ended.</summary>
    public void Dispose()
    {
        _registry.Dispose();
        _round.Dispose();
    }

    private async Task MendAsync(CancellationToken cancellation)
    {
        var wanted = _wanted();
        var plan = RegistryPlan.Compare(wanted, await _registry.ListAsync(_publisher, cancellation));
        foreach (var instance in plan.Withdraw)
            await _registry.WithdrawAsync(instance, cancellation);
        foreach (var instance in plan.Publish)
            await _registry.PublishAsync(instance, cancellation);
        if (!plan.Renew.IsEmpty)
            await _registry.RenewAsync(plan.Renew, cancellation);

        if (_state.Failures > 0)
            Log.Recovered(_logger, _registry.Name, _state.Failures);
        if (!plan.Publish.IsEmpty || !plan.Withdraw.IsEmpty)
            Log.Published(_logger, _registry.Name, plan.Publish.Length, plan.Withdraw.Length, plan.Renew.Length);
        foreach (var instance in plan.Superseded)
            Log.Superseded(_logger, instance.Id, _publisher.Value, _registry.Name, instance.Generation);
        _state = new RegistryState(plan.Publish.Length + plan.Renew.Length, 0, _time.GetUtcNow(), null);
    }

    private void Fail(string trouble)
    {
        if (_state.Failures == 0)
            Log.Failed(_logger, trouble);
        _state = _state with { Failures = _state.Failures + 1, Trouble = trouble };
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
