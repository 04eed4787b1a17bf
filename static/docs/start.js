// Starts Swagger UI on the document that this appliance generates.
window.SwaggerUIBundle({
  dom_id: "#ui",
  url: "/openapi.json",
  deepLinking: true,
  persistAuthorization: false,
});
