using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Entrepot.Tests.Ports.Discovery;

/// <summary>The part of a Consul agent's HTTP API that is used, after its documentation ("Service - Agent HTTP API", "Check - Agent HTTP
/// API"), over a real connection. It is not Consul: what the documentation does not say, this can't know.</summary>
internal sealed class FakeConsul : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeConsul(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = null!;

    /// <summary>Services by their ID, as they were registered.</summary>
    public ConcurrentDictionary<string, JsonObject> Services { get; } = new();

    /// <summary>State of each check by its ID.</summary>
    public ConcurrentDictionary<string, string> Checks { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The token that is asked for, or null.</summary>
    public string? Token { get; set; }

    /// <summary>What is answered instead; null to do one's duty.</summary>
    public (int Status, string Text)? Instead { get; set; }

    public static async Task<FakeConsul> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var fake = new FakeConsul(builder.Build());
        fake._app.Run(fake.AnswerAsync);
        await fake._app.StartAsync();
        fake.Url = new Uri(fake._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return fake;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value!);
        Requests.Enqueue($"{method} {path}{Uri.UnescapeDataString(context.Request.QueryString.Value!)}");
        if (Instead is var (status, text))
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(text);
            return;
        }

        if (Token is not null && context.Request.Headers["X-Consul-Token"] != Token)
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync("Permission denied: token lacks permission 'service:write'");
            return;
        }

        switch (method, path.Split('/')[1..])
        {
            case ("PUT", ["v1", "agent", "service", "register"]):
                var body = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
                Services[(string)body["ID"]!] = body;
                Checks[$"service:{body["ID"]}"] = (string?)body["Check"]!["Status"] ?? "critical";
                break;
            case ("GET", ["v1", "agent", "services"]):
                var publisher = context.Request.Query["filter"].ToString().Split('"')[^2];
                var found = new JsonObject();
                foreach (var (id, service) in Services.Where(pair => (string?)pair.Value["Meta"]?["entrepot-publisher"] == publisher))
                {
                    found[id] = new JsonObject
                    {
                        ["ID"] = id, ["Service"] = (string)service["Name"]!, ["Tags"] = service["Tags"]!.DeepClone(), ["Meta"] = service["Meta"]!.DeepClone(),
                        ["Port"] = (int)service["Port"]!, ["Address"] = (string)service["Address"]!, ["Weights"] = new JsonObject { ["Passing"] = 1 }, ["EnableTagOverride"] = false,
                    };
                }

                await context.Response.WriteAsJsonAsync(found);
                break;
            case ("PUT", ["v1", "agent", "check", "pass", var check]) when Checks.ContainsKey(check):
                Checks[check] = "passing";
                break;
            case ("PUT", ["v1", "agent", "service", "deregister", var gone]) when Services.TryRemove(gone, out _):
                Checks.TryRemove($"service:{gone}", out _);
                break;
            default:
                context.Response.StatusCode = 404;
                await context.Response.WriteAsync($"Unknown: {path}");
                break;
        }
    }
}
