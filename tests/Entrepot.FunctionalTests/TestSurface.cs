using System.Net.Sockets;
using System.Net;
using System.Text;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Entrepot.FunctionalTests;

/// <summary>A real surface on a loopback port that the kernel chose.</summary>
internal sealed class TestSurface : IAsyncDisposable
{
    /// <summary>Who every request comes from: these tests are not about who may do what.</summary>
    private static readonly Principal Operator = new("operator", Roles.Grantable, Proof.Token);

    private readonly SurfaceHost _host;

    private TestSurface(SurfaceHost host, IPEndPoint address)
    {
        _host = host;
        Address = address;
        Http = new HttpClient { BaseAddress = new Uri($"http://{address}"), Timeout = TimeSpan.FromSeconds(30) };
    }

    public IPEndPoint Address { get; }

    public HttpClient Http { get; }

    public Uri Url => Http.BaseAddress!;

    public static async Task<TestSurface> StartAsync(
        Action<WebApplication> map, LimitSettings? limits = null, Action<IServiceCollection>? services = null, ConnectionBudget? budget = null,
        SurfaceTls? tls = null)
    {
        limits ??= new LimitSettings();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = (IPEndPoint)socket.LocalEndPoint!;
        var host = await SurfaceHost.StartAsync(
            "test", socket, limits, (budget ?? new ConnectionBudget(null)).Share(limits.Connections), TimeProvider.System, TestLog.Factory, tls, services,
            (app, _) =>
            {
                app.UseRouting();
                app.Use((context, next) =>
                {
                    context.Features.Set(Operator);
                    return next(context);
                });
                map(app);
            },
            CancellationToken.None);
        return new TestSurface(host, address);
    }

    /// <summary>Sends raw bytes and reads until the server closes or answers; used where a client library would refuse to send.</summary>
    public async Task<string> SendRawAsync(string request, CancellationToken cancellation = default)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address, cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), cancellation);
        return await ReadToEndAsync(stream, cancellation);
    }

    public static async Task<string> ReadToEndAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var answer = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // A reset after the answer is how a server refuses the rest of a request.
        }

        return answer.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host.StopAsync(CancellationToken.None);
        await _host.DisposeAsync();
    }
}
