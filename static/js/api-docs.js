// Draws the operations of the API from its own description, and lets them be tried with a token.
const place = document.getElementById("operations");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: false,
  persistAuthorization: false,
  validatorUrl: null,
});
