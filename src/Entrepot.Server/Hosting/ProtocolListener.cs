using System.Net;
using System.Threading.Channels;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

/// <summary>Serves HTTP/1.1, HTTP/2 with prior knowledge and TLS on one port. Kestrel chooses the protocol of an end point beforehand, so each
/// gets an end point of its own, and this listener hands each connection to the one whose language it speaks: a TLS client begins with
/// a handshake record (RFC 8446 §5.1), an HTTP/2 one with <c>PRI</c> (RFC 9113 §3.4), and no HTTP/1.1 method does either.</summary>
internal sealed class ProtocolListener : IConnectionListenerFactory, IConnectionListenerFactorySelector, IAsyncDisposable
{
    /// <summary>Connections that were told apart and wait for Kestrel to take them.</summary>
    private const int Backlog = 512;

    /// <summary>Content type of a record that carries a handshake.</summary>
    private const byte HandshakeRecord = 0x16;

    private static readonly byte[] PrefaceStart = "PRI"u8.ToArray();

    private readonly IConnectionListenerFactory _sockets;
    private readonly EndPoint _address;
    private readonly LimitSettings _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConnectionShare _share;
    private readonly LogThrottle _refusals;
    private readonly Channel<ConnectionContext> _http1 = Channel.CreateBounded<ConnectionContext>(Backlog);
    private readonly Channel<ConnectionContext> _http2 = Channel.CreateBounded<ConnectionContext>(Backlog);
    private readonly Channel<ConnectionContext> _tls = Channel.CreateBounded<ConnectionContext>(Backlog);
    private readonly SemaphoreSlim _binding = new(1, 1);
    private IConnectionListener? _listener;
    private Task? _accepting;

    public ProtocolListener(
        IConnectionListenerFactory sockets, EndPoint address, ConnectionShare share, LimitSettings limits, bool tlsOnly, TimeProvider time, ILogger logger)
    {
        (_sockets, _address, _share, _limits, IsTlsOnly, _time, _logger) = (sockets, address, share, limits, tlsOnly, time, logger);
        _refusals = new LogThrottle(time, TimeSpan.FromMinutes(1));
    }

    /// <summary>True when every other connection is closed without an answer.</summary>
    public bool IsTlsOnly { get; }

    /// <summary>Where Kestrel's HTTP/1.1 end point listens.</summary>
    public EndPoint Http1 { get; } = new ProtocolEndPoint("http/1.1");

    /// <summary>Where Kestrel's HTTP/2 end point listens.</summary>
    public EndPoint Http2 { get; } = new ProtocolEndPoint("h2c");

    /// <summary>Where Kestrel's TLS end point listens.</summary>
    public EndPoint Tls { get; } = new ProtocolEndPoint("tls");

    public bool CanBind(EndPoint endpoint) => endpoint == Http1 || endpoint == Http2 || endpoint == Tls;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        await _binding.WaitAsync(cancellationToken);
        try
        {
            if (_listener is null)
            {
                _listener = await _sockets.BindAsync(_address, cancellationToken);
                _accepting = Task.Run(AcceptAsync, CancellationToken.None);
            }
        }
        finally
        {
            _binding.Release();
        }

        return new Part(this, endpoint, endpoint == Http1 ? _http1 : endpoint == Http2 ? _http2 : _tls);
    }

    /// <summary>Follows a connection that Kestrel took to its end.</summary>
    public ConnectionDelegate Follow(ConnectionDelegate next) => async connection =>
    {
        try
        {
            await next(connection);
        }
        finally
        {
            _share.Release();
        }
    };

    /// <summary>Closes the port: from here on the kernel refuses connections instead of queueing them for nobody.</summary>
    public async Task UnbindAsync()
    {
        await _stopping.CancelAsync();
        if (_listener is not null)
            await _listener.UnbindAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        if (_listener is not null)
        {
            await _accepting!.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _listener.DisposeAsync();
        }

        _stopping.Dispose();
        _binding.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (await _listener!.AcceptAsync(_stopping.Token) is { } connection)
            {
                if (_share.TryTake())
                {
                    _ = TellApartAsync(connection);
                    continue;
                }

                if (_refusals.Allows(out var held))
                    Log.ConnectionRefused(_logger, _address.ToString()!, _share.Open, held);
                connection.Abort();
                await connection.DisposeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
        catch (Exception error)
        {
            Log.AcceptFailed(_logger, _address.ToString()!, error);
        }
        finally
        {
            _http1.Writer.TryComplete();
            _http2.Writer.TryComplete();
            _tls.Writer.TryComplete();
        }
    }

    private async Task TellApartAsync(ConnectionContext connection)
    {
        var handedOver = false;
        try
        {
            using var deadline = new CancellationTokenSource(_limits.HeaderTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
            var target = await ReadStartAsync(connection, either.Token);
            if (target is not null)
            {
                await target.Writer.WriteAsync(connection, either.Token);
                handedOver = true;
            }
        }
        catch (Exception)
        {
            // A client that stays silent, goes away or arrives while stopping: nothing to answer and nobody to tell.
        }

        if (handedOver)
            return;
        await connection.DisposeAsync();
        _share.Release();
    }

    private async ValueTask<Channel<ConnectionContext>?> ReadStartAsync(ConnectionContext connection, CancellationToken cancellation)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync(cancellation);
            var buffer = read.Buffer;
            if (!buffer.IsEmpty && buffer.FirstSpan[0] == HandshakeRecord)
            {
                input.AdvanceTo(buffer.Start);
                return _tls;
            }

            if (IsTlsOnly && !buffer.IsEmpty)
            {
                input.AdvanceTo(buffer.End);
                return null;
            }

            var matching = MatchingBytes(buffer);
            var decided = matching < Math.Min(buffer.Length, PrefaceStart.Length) || matching == PrefaceStart.Length;
            if (decided)
            {
                input.AdvanceTo(buffer.Start);  // nothing consumed, nothing marked as seen: Kestrel reads it all again
                return matching == PrefaceStart.Length ? _http2 : _http1;
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private static int MatchingBytes(System.Buffers.ReadOnlySequence<byte> buffer)
    {
        var matching = 0;
        foreach (var segment in buffer)
        {
            foreach (var value in segment.Span)
            {
                if (matching == PrefaceStart.Length || value != PrefaceStart[matching])
                    return matching;
                matching++;
            }
        }

        return matching;
    }

    private sealed class ProtocolEndPoint(string protocol) : EndPoint
    {
        public override string ToString() => protocol;
    }

    /// <summary>One protocol's share of the connections.</summary>
    private sealed class Part(ProtocolListener owner, EndPoint endPoint, Channel<ConnectionContext> connections) : IConnectionListener
    {
        public EndPoint EndPoint => endPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await connections.Reader.WaitToReadAsync(cancellationToken))
            {
                if (connections.Reader.TryRead(out var connection))
                    return connection;
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => new(owner.UnbindAsync());

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
