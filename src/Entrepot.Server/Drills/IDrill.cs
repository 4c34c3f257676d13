using Entrepot.Server.Api;

namespace Entrepot.Server.Drills;

/// <summary>A rehearsal of an incident, on the running node, that disturbs nobody.</summary>
internal interface IDrill
{
    /// <summary>Its name, as <c>entrepot drill NAME</c> has it.</summary>
    string Name { get; }

    /// <summary>Goes through it. Whatever it made is gone when it ends, however it ends.</summary>
    /// <param name="steps">Takes the steps; the first that fails ends the drill.</param>
    /// <param name="request">How it is to be done.</param>
    /// <param name="cancellation">Gives up.</param>
    Task RunAsync(DrillSteps steps, DrillRequest request, CancellationToken cancellation);
}
