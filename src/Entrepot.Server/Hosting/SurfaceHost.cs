using System.Net;
using System.Net.Sockets;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Entrepot.Server.Hosting;

/// <summary>One listening surface: a web application of its own on a socket that is already bound. Surfaces share nothing but what
/// they are given, so each has its own limits and can be moved or stopped alone.</summary>
internal sealed class SurfaceHost : IAsyncDisposable
{
    /// <summary>Size of the request line in bytes (Kestrel and nginx). Larger: 414.</summary>
    public const int RequestLineBytes = 8 * 1024;

    /// <summary>HTTP/2 streams of one connection at once (nginx <c>http2_max_concurrent_streams</c>).</summary>
    public const int StreamsPerConnection = 128;

    /// <summary>Time that a body may be slower than the minimum rate before it is cut off (Kestrel).</summary>
    public static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(5);

    /// <summary>Time that requests in progress get when the node stops (systemd's default stop time-out is 90 s).</summary>
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly ProtocolListener _listener;

    private SurfaceHost(WebApplication app, ProtocolListener listener) => (_app, _listener) = (app, listener);

    /// <summary>What it answers, each with what it needs of its caller.</summary>
    public IEnumerable<Endpoint> Endpoints => ((IEndpointRouteBuilder)_app).DataSources.SelectMany(static source => source.Endpoints);

    /// <summary>Builds the application and begins to accept connections.</summary>
    /// <param name="name">The surface's name, the category of its log.</param>
    /// <param name="socket">Bound, not yet listening; owned by the surface from here on.</param>
    /// <param name="limits">What a client is granted.</param>
    /// <param name="connections">How many connections it may have.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where the surface logs.</param>
    /// <param name="tls">How it speaks TLS, or null for a surface without.</param>
    /// <param name="services">Adds what the endpoints need from the container, or nothing.</param>
    /// <param name="map">Adds middleware and endpoints; the strict target check and the fault mapper come before it.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<SurfaceHost> StartAsync(
        string name, Socket socket, LimitSettings limits, ConnectionShare connections, TimeProvider time, ILoggerFactory loggers,
        SurfaceTls? tls, Action<IServiceCollection>? services, Action<WebApplication, ILogger> map, CancellationToken cancellation)
    {
        var logger = loggers.CreateLogger($"Entrepot.Surface.{name}");
        // Not the current folder, which this user may not be able to reach; nothing is served from it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Entrepot.Server", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(time);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = DrainTimeout);
        services?.Invoke(builder.Services);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options => Configure(options, limits));
        var transport = new SocketTransportOptions
        {
            CreateBoundListenSocket = _ => socket,
            // Idle connections then hold no receive buffer.
            WaitForDataBeforeAllocatingBuffer = true,
            Backlog = 4096,
        };
        var listener = new ProtocolListener(
            new SocketTransportFactory(Options.Create(transport), loggers), socket.LocalEndPoint!, connections, limits, tls?.Settings.ClientCertificates == ClientCertificateMode.Required, time, logger);
        builder.Services.AddSingleton<IConnectionListenerFactory>(listener);
        builder.WebHost.ConfigureKestrel(options =>
        {
            if (!listener.IsTlsOnly)
            {
                Listen(listener.Http1, HttpProtocols.Http1);
                Listen(listener.Http2, HttpProtocols.Http2);
            }

            if (tls is not null)
                Listen(listener.Tls, HttpProtocols.Http1AndHttp2, end => end.UseHttps(tls.Handshake));
            void Listen(EndPoint endPoint, HttpProtocols protocol, Action<ListenOptions>? secure = null) => options.Listen(endPoint, end =>
            {
                end.Protocols = protocol;
                end.Use(listener.Follow);
                secure?.Invoke(end);
            });
        });

        var app = builder.Build();
        app.UseFaults(logger);
        app.UseExplainedAnswers();
        app.UseStrictTargets();
        map(app, logger);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch
        {
            await app.DisposeAsync();
            await listener.DisposeAsync();
            throw;
        }

        return new SurfaceHost(app, listener);
    }

    /// <summary>Takes no more connections and lets requests in progress finish, up to the drain time-out.</summary>
    public Task StopAsync(CancellationToken cancellation) => _app.StopAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        // The container does not dispose what it was handed ready made.
        await _listener.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions options, LimitSettings limits)
    {
        options.AddServerHeader = false;
        options.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
        options.Limits.KeepAliveTimeout = limits.IdleTimeout;
        options.Limits.MaxRequestHeadersTotalSize = limits.HeaderSize;
        options.Limits.MaxRequestLineSize = RequestLineBytes;
        options.Limits.MaxRequestBufferSize = Math.Max(RequestLineBytes, 1024 * 1024);
        // Enough to keep a fast reader busy; a slow one holds no more than this.
        options.Limits.MaxResponseBufferSize = 256 * 1024;
        var rate = limits.MinRate == 0 ? null : new MinDataRate(limits.MinRate, RateGrace);
        options.Limits.MinRequestBodyDataRate = rate;
        options.Limits.MinResponseDataRate = rate;
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.MaxFrameSize = 64 * 1024;
        options.Limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        options.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
    }
}
